// grpc++, callback API: the library brings the threads.
#include <array>
#include <cstdio>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench.grpc.pb.h"
#include "peer.h"

namespace {

using bench::v1::BenchService;

class Stream;

// Lock order: subscribers_lock, a stream's lock, ring_lock.
struct Topic {
    std::mutex subscribers_lock;
    std::vector<Stream *> subscribers;
    std::shared_mutex ring_lock;
    bench::Ring ring;
};

class Stream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
  public:
    Stream(Topic *topic, std::size_t batch) : topic_(topic), batch_(batch) {
        const std::lock_guard<std::mutex> members(topic_->subscribers_lock);
        const std::lock_guard<std::mutex> own(lock_);
        {
            const std::shared_lock<std::shared_mutex> ring(topic_->ring_lock);
            cursor_ = topic_->ring.head();
        }
        index_ = topic_->subscribers.size();
        topic_->subscribers.push_back(this);
        message_ = bench::Greeting();
        writing_ = true;
        StartWrite(&message_);
    }

    void Wake() {
        const std::lock_guard<std::mutex> own(lock_);
        Pull();
    }

    void OnWriteDone(bool ok) override {
        const std::lock_guard<std::mutex> own(lock_);
        writing_ = false;
        if (cancelled_ || !ok)
            End();
        else
            Pull();
    }

    void OnCancel() override {
        const std::lock_guard<std::mutex> own(lock_);
        cancelled_ = true;
        if (!writing_)
            End();
    }

    void OnDone() override {
        {
            const std::lock_guard<std::mutex> members(topic_->subscribers_lock);
            topic_->subscribers.back()->index_ = index_;
            topic_->subscribers[index_] = topic_->subscribers.back();
            topic_->subscribers.pop_back();
        }
        delete this;
    }

  private:
    void Pull() {
        if (writing_ || ended_ || cancelled_)
            return;
        {
            const std::shared_lock<std::shared_mutex> ring(topic_->ring_lock);
            if (!topic_->ring.Take(&cursor_, batch_, &message_))
                return;
        }
        writing_ = true;
        StartWrite(&message_);
    }

    void End() {
        if (ended_)
            return;
        ended_ = true;
        Finish(grpc::Status::CANCELLED);
    }

    Topic *const topic_;
    const std::size_t batch_;
    std::size_t index_ = 0; // under the topic's subscribers_lock
    std::mutex lock_;       // all that follows
    grpc::ByteBuffer message_;
    std::uint64_t cursor_ = 0;
    bool writing_ = false;
    bool cancelled_ = false;
    bool ended_ = false;
};

// A stream that is refused before it began.
class Refusal final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
  public:
    Refusal() {
        Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "topic"));
    }
    void OnDone() override {
        delete this;
    }
};

using ServiceBase = BenchService::WithCallbackMethod_Echo<BenchService::WithCallbackMethod_Publish<
    BenchService::WithRawCallbackMethod_Subscribe<BenchService::Service>>>;

class Service final : public ServiceBase {
  public:
    explicit Service(std::size_t batch) : batch_(batch) {
    }

    grpc::ServerUnaryReactor *Echo(grpc::CallbackServerContext *context,
                                   const bench::v1::EchoRequest *request,
                                   bench::v1::EchoResponse *response) override {
        response->set_payload(request->payload());
        grpc::ServerUnaryReactor *reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

    grpc::ServerWriteReactor<grpc::ByteBuffer> *
    Subscribe(grpc::CallbackServerContext *, const grpc::ByteBuffer *request) override {
        const std::size_t topic = bench::TopicOf(*request);
        if (topic >= bench::kTopics)
            return new Refusal;
        return new Stream(&topics_[topic], batch_);
    }

    grpc::ServerUnaryReactor *Publish(grpc::CallbackServerContext *context,
                                      const bench::v1::PublishRequest *request,
                                      bench::v1::PublishResponse *response) override {
        grpc::ServerUnaryReactor *reactor = context->DefaultReactor();
        if (request->topic() >= bench::kTopics) {
            reactor->Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "topic"));
            return reactor;
        }
        Topic &topic = topics_[request->topic()];
        {
            const std::lock_guard<std::shared_mutex> ring(topic.ring_lock);
            response->set_sequence(topic.ring.Append(request->count(), request->payload_bytes()));
        }
        {
            const std::lock_guard<std::mutex> members(topic.subscribers_lock);
            for (Stream *subscriber : topic.subscribers)
                subscriber->Wake();
        }
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

  private:
    const std::size_t batch_;
    std::array<Topic, bench::kTopics> topics_;
};

} // namespace

int main(int argc, char **argv) {
    const bench::Options options = bench::ParseOptions(argc, argv);
    bench::WatchOverProcess(options);
    Service service(options.batch);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterService(&service);
    const std::unique_ptr<grpc::Server> running = builder.BuildAndStart();
    if (!running || port == 0) {
        std::fprintf(stderr, "cannot listen on loopback\n");
        return 1;
    }
    bench::AnnouncePort(port);
    running->Wait();
    return 0;
}
