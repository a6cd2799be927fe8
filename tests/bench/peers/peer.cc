#include "peer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench.pb.h"

namespace bench {

namespace {

[[noreturn]] void Usage(const char *program) {
    std::fprintf(stderr, "usage: %s [--batch 1..64] [--life SECONDS]\n", program);
    std::exit(2);
}

std::uint64_t NowNs() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

} // namespace

Options ParseOptions(int argc, char **argv) {
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        char *end = nullptr;
        const unsigned long value = std::strtoul(argv[i + 1], &end, 10);
        if (*end != '\0' || value == 0)
            Usage(argv[0]);
        if (name == "--batch" && value <= kMaxBatch)
            options.batch = value;
        else if (name == "--life" && value <= 86400)
            options.life_seconds = static_cast<unsigned>(value);
        else
            Usage(argv[0]);
    }
    if (argc % 2 == 0)
        Usage(argv[0]);
    return options;
}

void WatchOverProcess(const Options &options) {
    const pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        std::exit(1);
    alarm(options.life_seconds); // SIGALRM is left to its default, which ends the process
}

void AnnouncePort(int port) {
    std::printf("port=%d\n", port);
    std::fflush(stdout);
}

Ring::Ring() : entries_(kCapacity) {
}

std::uint64_t Ring::Append(std::uint32_t count, std::uint32_t payload_bytes) {
    v1::SubscribeResponse one;
    v1::Event *event = one.add_events();
    event->mutable_payload()->assign(payload_bytes, 'x');
    std::string encoded;
    for (std::uint32_t i = 0; i < count; ++i) {
        event->set_sequence(head_ + 1);
        event->set_published_at_ns(NowNs());
        one.SerializeToString(&encoded);
        entries_[head_ % kCapacity] = grpc::Slice(encoded);
        ++head_;
    }
    return head_;
}

bool Ring::Take(std::uint64_t *cursor, std::size_t max, grpc::ByteBuffer *ret_message) const {
    const std::size_t count = std::min<std::uint64_t>(head_ - *cursor, max);
    if (count == 0)
        return false;
    if (head_ - *cursor > kCapacity) {
        std::fprintf(stderr, "a subscriber fell off the ring\n");
        std::abort();
    }
    std::array<grpc::Slice, kMaxBatch> slices;
    for (std::size_t i = 0; i < count; ++i)
        slices[i] = entries_[(*cursor + i) % kCapacity];
    *ret_message = grpc::ByteBuffer(slices.data(), count);
    *cursor += count;
    return true;
}

grpc::ByteBuffer Greeting() {
    grpc::Slice empty;
    return grpc::ByteBuffer(&empty, 1);
}

std::size_t TopicOf(const grpc::ByteBuffer &request) {
    grpc::Slice bytes;
    v1::SubscribeRequest message;
    if (!request.DumpToSingleSlice(&bytes).ok() ||
        !message.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size())))
        return kTopics;
    return std::min<std::size_t>(message.topic(), kTopics);
}

} // namespace bench
