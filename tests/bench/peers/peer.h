// What the grpc++ servers of the comparison share: options, the watch over the process, the ring.
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

namespace bench {

constexpr std::size_t kTopics = 64;
constexpr std::size_t kMaxBatch = 64;

struct Options {
    std::size_t batch = kMaxBatch; // most events in one message; 1: one message per event
    unsigned life_seconds = 600;
};

// Reads `--batch N` and `--life SECONDS`; ends the process when it does not understand.
Options ParseOptions(int argc, char **argv);

// The process ends with its parent, and after `life_seconds` in any case.
void WatchOverProcess(const Options &options);

// Tells the parent where the server listens.
void AnnouncePort(int port);

// The newest events of a topic, each encoded once as an entry of SubscribeResponse.events and
// shared by every message that carries it. Not thread-safe.
class Ring {
  public:
    Ring();

    // Appends `count` events. The sequence of the last one.
    std::uint64_t Append(std::uint32_t count, std::uint32_t payload_bytes);

    std::uint64_t head() const {
        return head_;
    }

    // Makes one message of up to `max` entries from `*cursor` on. False when there is none.
    bool Take(std::uint64_t *cursor, std::size_t max, grpc::ByteBuffer *ret_message) const;

  private:
    static constexpr std::size_t kCapacity = 8192;
    std::vector<grpc::Slice> entries_;
    std::uint64_t head_ = 0; // events ever appended
};

// The message that opens every stream: empty.
grpc::ByteBuffer Greeting();

// The topic of a raw SubscribeRequest, or kTopics when it is malformed.
std::size_t TopicOf(const grpc::ByteBuffer &request);

} // namespace bench

#endif
