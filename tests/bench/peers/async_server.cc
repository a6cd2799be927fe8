// grpc++, asynchronous API: one completion queue and one thread, which measured cheapest. All state
// belongs to that thread, so nothing is locked.
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench.grpc.pb.h"
#include "peer.h"

namespace {

using bench::v1::BenchService;
using Service = BenchService::WithAsyncMethod_Echo<BenchService::WithAsyncMethod_Publish<
    BenchService::WithRawMethod_Subscribe<BenchService::Service>>>;

// Requests that wait for a call, per method.
constexpr int kPostedCalls = 128;

class Tag {
  public:
    virtual ~Tag() = default;
    virtual void Run(bool ok) = 0;
};

class Stream;

struct Topic {
    bench::Ring ring;
    std::vector<Stream *> subscribers;
};

struct Server {
    Service service;
    std::unique_ptr<grpc::ServerCompletionQueue> queue;
    std::array<Topic, bench::kTopics> topics;
    std::size_t batch = 1;
};

// One unary call after another, in the same memory.
template <class Request, class Response> class UnaryCall : public Tag {
  public:
    explicit UnaryCall(Server *server) : server_(server) {
    }

    void Post() {
        finishing_ = false;
        responder_.reset();
        context_.emplace();
        responder_.emplace(&*context_);
        request_.Clear();
        response_.Clear();
        PostTo(&*context_, &request_, &*responder_);
    }

    void Run(bool ok) override {
        if (finishing_) {
            Post();
        } else if (ok) {
            finishing_ = true;
            responder_->Finish(response_, Handle(&request_, &response_), this);
        }
    }

  protected:
    using Responder = grpc::ServerAsyncResponseWriter<Response>;
    virtual void PostTo(grpc::ServerContext *context, Request *request, Responder *responder) = 0;
    virtual grpc::Status Handle(Request *request, Response *response) = 0;

    Server *const server_;

  private:
    bool finishing_ = false;
    std::optional<grpc::ServerContext> context_;
    std::optional<Responder> responder_;
    Request request_;
    Response response_;
};

class EchoCall final : public UnaryCall<bench::v1::EchoRequest, bench::v1::EchoResponse> {
  public:
    using UnaryCall::UnaryCall;

  private:
    void PostTo(grpc::ServerContext *context, bench::v1::EchoRequest *request,
                Responder *responder) override {
        server_->service.RequestEcho(context, request, responder, server_->queue.get(),
                                     server_->queue.get(), this);
    }

    grpc::Status Handle(bench::v1::EchoRequest *request,
                        bench::v1::EchoResponse *response) override {
        response->mutable_payload()->swap(*request->mutable_payload());
        return grpc::Status::OK;
    }
};

class Stream {
  public:
    static void Post(Server *server) {
        (new Stream(server))->PostTo();
    }

    // Writes what there is unless a write is under way.
    void Pull() {
        grpc::ByteBuffer message;
        if (!writing_ && !done_ && topic_->ring.Take(&cursor_, server_->batch, &message))
            Write(message);
    }

  private:
    // A step of the stream as the queue knows it.
    class Step final : public Tag {
      public:
        Step(Stream *stream, void (Stream::*run)(bool)) : stream_(stream), run_(run) {
        }
        void Run(bool ok) override {
            (stream_->*run_)(ok);
        }

      private:
        Stream *const stream_;
        void (Stream::*const run_)(bool);
    };

    explicit Stream(Server *server)
        : server_(server), writer_(&context_), started_(this, &Stream::Started),
          written_(this, &Stream::Written), ended_(this, &Stream::Ended) {
    }

    void PostTo() {
        context_.AsyncNotifyWhenDone(&ended_);
        server_->service.RequestSubscribe(&context_, &request_, &writer_, server_->queue.get(),
                                          server_->queue.get(), &started_);
    }

    void Started(bool ok) {
        if (!ok)
            return;
        Post(server_);
        const std::size_t topic = bench::TopicOf(request_);
        if (topic >= bench::kTopics) {
            context_.TryCancel();
            return;
        }
        topic_ = &server_->topics[topic];
        request_.Clear();
        cursor_ = topic_->ring.head();
        index_ = topic_->subscribers.size();
        topic_->subscribers.push_back(this);
        Write(bench::Greeting());
    }

    void Write(const grpc::ByteBuffer &message) {
        writing_ = true;
        writer_.Write(message, &written_);
    }

    void Written(bool ok) {
        writing_ = false;
        if (done_)
            delete this;
        else if (ok)
            Pull();
    }

    void Ended(bool) {
        done_ = true;
        if (topic_ != nullptr) {
            topic_->subscribers.back()->index_ = index_;
            topic_->subscribers[index_] = topic_->subscribers.back();
            topic_->subscribers.pop_back();
        }
        if (!writing_)
            delete this;
    }

    Server *const server_;
    grpc::ServerContext context_;
    grpc::ByteBuffer request_;
    grpc::ServerAsyncWriter<grpc::ByteBuffer> writer_;
    Step started_, written_, ended_;
    Topic *topic_ = nullptr;
    std::size_t index_ = 0; // in the topic's subscribers
    std::uint64_t cursor_ = 0;
    bool writing_ = false;
    bool done_ = false;
};

class PublishCall final : public UnaryCall<bench::v1::PublishRequest, bench::v1::PublishResponse> {
  public:
    using UnaryCall::UnaryCall;

  private:
    void PostTo(grpc::ServerContext *context, bench::v1::PublishRequest *request,
                Responder *responder) override {
        server_->service.RequestPublish(context, request, responder, server_->queue.get(),
                                        server_->queue.get(), this);
    }

    grpc::Status Handle(bench::v1::PublishRequest *request,
                        bench::v1::PublishResponse *response) override {
        if (request->topic() >= bench::kTopics)
            return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "topic");
        Topic &topic = server_->topics[request->topic()];
        response->set_sequence(topic.ring.Append(request->count(), request->payload_bytes()));
        for (Stream *subscriber : topic.subscribers)
            subscriber->Pull();
        return grpc::Status::OK;
    }
};

} // namespace

int main(int argc, char **argv) {
    const bench::Options options = bench::ParseOptions(argc, argv);
    bench::WatchOverProcess(options);
    Server server;
    server.batch = options.batch;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.RegisterService(&server.service);
    server.queue = builder.AddCompletionQueue();
    const std::unique_ptr<grpc::Server> running = builder.BuildAndStart();
    if (!running || port == 0) {
        std::fprintf(stderr, "cannot listen on loopback\n");
        return 1;
    }
    std::vector<std::unique_ptr<EchoCall>> echoes;
    std::vector<std::unique_ptr<PublishCall>> publishes;
    for (int i = 0; i < kPostedCalls; ++i) {
        echoes.push_back(std::make_unique<EchoCall>(&server));
        echoes.back()->Post();
        Stream::Post(&server);
    }
    for (int i = 0; i < 4; ++i) {
        publishes.push_back(std::make_unique<PublishCall>(&server));
        publishes.back()->Post();
    }
    bench::AnnouncePort(port);
    void *tag = nullptr;
    bool ok = false;
    while (server.queue->Next(&tag, &ok))
        static_cast<Tag *>(tag)->Run(ok);
    return 0;
}
