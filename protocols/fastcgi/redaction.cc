// SPDX-License-Identifier: Apache-2.0
//
// FastCGI 1.0. Records with a header of eight bytes. Shown: names of parameters, values of those that describe the HTTP request,
// header fields of the response, the first line for the log without what stands in quotes. Bodies are hidden. State: what is left
// of the record in hand, for each direction, and the ids of requests whose header fields are still to come.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "generated/protocol-tables.h"
#include "generated/protocols.h"

namespace spanloom::redaction {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr size_t kFixedBytes = 8;
constexpr size_t kMaxOpenRequests = 256;

enum Type : uint8_t {
  kBeginRequest = 1,
  kAbortRequest,
  kEndRequest,
  kParams,
  kStdin,
  kStdout,
  kStderr,
  kData,
  kGetValues,
  kGetValuesResult,
  kUnknownType,
};

bool is_from(Sender sender, uint8_t type) {
  switch (type) {
    case kBeginRequest:
    case kAbortRequest:
    case kParams:
    case kStdin:
    case kData:
    case kGetValues:
      return sender == Sender::kClient;
    case kEndRequest:
    case kStdout:
    case kStderr:
    case kGetValuesResult:
    case kUnknownType:
      return sender == Sender::kServer;
    default:
      return false;
  }
}

bool is_of_connection(uint8_t type) {
  return type == kGetValues || type == kGetValuesResult || type == kUnknownType;
}

// Of a header whose bytes are all there.
bool is_header(const uint8_t* bytes, Sender sender) {
  const uint8_t type = bytes[1];
  if (bytes[0] != 1 || bytes[7] != 0 || !is_from(sender, type)) return false;
  if ((unsigned16(bytes, 2) == 0) != is_of_connection(type)) return false;
  return (type != kBeginRequest && type != kEndRequest) || unsigned16(bytes, 4) == kFixedBytes;
}

// A byte that a record BEGIN_REQUEST may have there.
bool may_begin(uint8_t byte, size_t at) {
  switch (at) {
    case 0:
      return byte == 1;
    case 1:
      return byte == kBeginRequest;
    case 2:
    case 3:
    case 6:
      return true;
    case 5:
      return byte == kFixedBytes;
    case 9:
      return byte >= 1 && byte <= 3;
    case 10:
      return byte <= 1;
    default:
      return byte == 0;
  }
}

// The beginning of a request: undecided as far as it goes.
Recognition judge_begin(const uint8_t* bytes, size_t size) {
  for (size_t at = 0; at < std::min(size, kHeaderBytes + kFixedBytes); at++)
    if (!may_begin(bytes[at], at)) return Recognition::kNo;
  if (size >= 4 && unsigned16(bytes, 2) == 0) return Recognition::kNo;
  return size >= kHeaderBytes + kFixedBytes ? Recognition::kRequest : Recognition::kUndecided;
}

bool is_response(const uint8_t* bytes, size_t size) {
  if (size <= kHeaderBytes || !is_header(bytes, Sender::kServer) || is_of_connection(bytes[1])) return false;
  if (bytes[1] == kEndRequest) return size >= kHeaderBytes + 5 && bytes[kHeaderBytes + 4] <= 3;
  if (bytes[1] != kStdout || unsigned16(bytes, 4) == 0) return false;
  const size_t end = std::min<size_t>(size, kHeaderBytes + unsigned16(bytes, 4));
  for (size_t at = kHeaderBytes; at < end; at++) {
    if (bytes[at] == ':') return at > kHeaderBytes;
    if (!is_letter(bytes[at]) && !is_digit(bytes[at]) && bytes[at] != '-') return false;
  }
  return false;
}

Recognition recognise(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.transport == Transport::kUdp || size == 0) return Recognition::kNo;
  const Recognition request = judge_begin(bytes, size);
  if (request != Recognition::kNo) return request;
  return is_response(bytes, size) ? Recognition::kResponse : Recognition::kNo;
}

// The record in hand.
struct Record {
  uint8_t type = 0;
  uint32_t request = 0;
  uint32_t content_bytes = 0;
  uint32_t padding_bytes = 0;
};

// What is still to come of a request and of its response.
struct Request {
  // A pair went on in another record: what follows cannot be told apart.
  bool has_params = true;
  bool has_fields = true;
  bool has_log_line = true;
};

struct Length {
  size_t value;
  size_t bytes;
};

// A length of one byte, or of four with the highest bit set; of no bytes where it is not there.
Length length_at(const uint8_t* bytes, size_t at, size_t end) {
  if (at >= end) return {0, 0};
  if (bytes[at] < 0x80) return {bytes[at], 1};
  if (end - at < 4) return {0, 0};
  return {unsigned32(bytes, at) & 0x7fffffff, 4};
}

class Fastcgi final : public Conversation {
 public:
  Fastcgi(Sender first, const Credentials& credentials) : Conversation(first), credentials_(credentials) {}

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    if (!call.starts_message) return false;
    const uint8_t* bytes = reader.window();
    if (call.sender == Sender::kClient) return judge_begin(bytes, reader.end()) != Recognition::kNo;
    return reader.end() >= kHeaderBytes && is_header(bytes, Sender::kServer);
  }

  bool restarts(const Call& call, const Payload& payload) override {
    const bool is_between = record_of(call.sender).type == 0 && !reader(call.sender).is_busy();
    return call.sender == Sender::kClient && !is_between &&
           judge_begin(payload.bytes(), payload.captured()) == Recognition::kRequest;
  }

  void resumed(Sender sender) override { record_of(sender) = Record(); }

  void step(Sender sender, StreamReader& reader) override {
    Record& record = record_of(sender);
    if (record.type == 0) return header(sender, record, reader);
    if (record.content_bytes > 0) return content(record, reader);
    const uint32_t padding = record.padding_bytes;
    record = Record();
    if (padding > 0) reader.pass(padding, Passing::kHidden);
  }

  void header(Sender sender, Record& record, StreamReader& reader) {
    const uint8_t* bytes = reader.window() + reader.position();
    if (reader.available() < kHeaderBytes) return reader.has_gap() ? reader.lose() : reader.keep();
    if (!is_header(bytes, sender)) return reader.lose();
    record = {bytes[1], unsigned16(bytes, 2), unsigned16(bytes, 4), bytes[6]};
    if (record.type == kBeginRequest) {
      if (requests_.size() >= kMaxOpenRequests) requests_.clear();
      requests_[record.request] = Request();
    }
    reader.pass(kHeaderBytes);
    // Nothing follows: the next call begins with another record.
    if (record.content_bytes == 0 && record.padding_bytes == 0) record = Record();
  }

  void content(Record& record, StreamReader& reader) {
    switch (record.type) {
      case kBeginRequest:
        return take(record, reader, record.content_bytes, Passing::kShown);
      case kEndRequest:
        requests_.erase(record.request);
        return take(record, reader, record.content_bytes, Passing::kShown);
      case kParams:
        return params(record, reader);
      case kStdout:
        return fields(record, reader);
      case kStderr:
        return log_line(record, reader);
      default:
        return take(record, reader, record.content_bytes, Passing::kHidden);
    }
  }

  // Passes over bytes of the content, and over the padding behind the last.
  static void take(Record& record, StreamReader& reader, uint32_t count, Passing passing) {
    record.content_bytes -= count;
    const uint32_t padding = record.content_bytes == 0 ? record.padding_bytes : 0;
    if (record.content_bytes == 0) record = Record();
    reader.pass(count, passing);
    if (padding > 0) reader.pass(padding, Passing::kHidden);
  }

  // The end, in the window, of what is there of the content.
  static size_t content_end(const Record& record, const StreamReader& reader) {
    return reader.position() + std::min<size_t>(record.content_bytes, reader.available());
  }

  Request* request_of(const Record& record) {
    const auto found = requests_.find(record.request);
    return found == requests_.end() ? nullptr : &found->second;
  }

  // One pair of name and value.
  void params(Record& record, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const size_t end = content_end(record, reader);
    const bool is_whole = end - from == record.content_bytes;
    Request* request = request_of(record);
    if (request == nullptr || !request->has_params) return take(record, reader, record.content_bytes, Passing::kHidden);
    const Length name = length_at(bytes, from, end);
    const Length value = name.bytes == 0 ? Length{0, 0} : length_at(bytes, from + name.bytes, end);
    const size_t name_start = from + name.bytes + value.bytes;
    const uint64_t pair = static_cast<uint64_t>(name.bytes) + value.bytes + name.value + value.value;
    const bool has_name = value.bytes > 0 && name.value <= end - name_start;
    if (value.bytes > 0 ? pair > record.content_bytes : is_whole) {
      request->has_params = false;
      return take(record, reader, record.content_bytes, Passing::kHidden);
    }
    if (!has_name) {
      // A name is no secret, but what it says of its value is not known.
      if (!reader.has_gap()) return reader.keep();
      return take(record, reader, record.content_bytes, Passing::kHidden);
    }
    const std::string_view text = view(bytes, name_start, name_start + name.value);
    const size_t value_start = name_start + name.value;
    const size_t value_end = std::min(end, value_start + value.value);
    const bool has_value = value_end - value_start == value.value;
    if (!is_shown(text)) {
      reader.pass(value_start - from);
      record.content_bytes -= static_cast<uint32_t>(value_start - from);
      return take(record, reader, static_cast<uint32_t>(value.value), Passing::kCovered);
    }
    credentials_.cover_urls(reader, value_start, value_end, has_value);
    const uint32_t here = static_cast<uint32_t>(value_end - from);
    record.content_bytes -= here;
    if (has_value && record.content_bytes > 0) return reader.pass(here);
    reader.pass(here);
    // The rest of a value that was not there at once is not judged.
    take(record, reader, static_cast<uint32_t>(pair - here), Passing::kCovered);
  }

  bool is_shown(std::string_view name) const {
    constexpr std::string_view kField = "HTTP_";
    if (name.substr(0, kField.size()) == kField) return !credentials_.is_header(name.substr(kField.size()));
    return std::binary_search(kFastcgiVariables.begin(), kFastcgiVariables.end(), name);
  }

  // One header field of a response, or its body.
  void fields(Record& record, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const size_t end = content_end(record, reader);
    const bool is_whole = end - from == record.content_bytes;
    Request* request = request_of(record);
    if (request == nullptr || !request->has_fields) return take(record, reader, record.content_bytes, Passing::kHidden);
    const void* found = std::memchr(bytes + from, '\n', end - from);
    const size_t line_end = found == nullptr ? end : static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes);
    const size_t text_end = line_end > from && bytes[line_end - 1] == '\r' ? line_end - 1 : line_end;
    const bool is_complete = found != nullptr;
    size_t colon = from;
    while (colon < text_end && bytes[colon] != ':') colon++;
    const bool is_secret = colon < text_end && credentials_.is_header(view(bytes, from, colon));
    if (is_secret || is_blank(bytes[from])) {
      size_t value = is_secret ? colon + 1 : from;
      while (value < text_end && is_blank(bytes[value])) value++;
      reader.cover(value, text_end);
    } else {
      credentials_.cover_urls(reader, from, text_end, is_complete);
    }
    if (is_complete) {
      if (text_end == from) request->has_fields = false;
      return take(record, reader, static_cast<uint32_t>(line_end + 1 - from), Passing::kShown);
    }
    if (!is_whole && !reader.has_gap()) return reader.keep();
    // Where the line ends is not known: what follows may be a body.
    request->has_fields = false;
    const uint32_t here = static_cast<uint32_t>(end - from);
    if (record.content_bytes == here) return take(record, reader, here, Passing::kShown);
    reader.pass(here);
    record.content_bytes -= here;
    take(record, reader, record.content_bytes, Passing::kHidden);
  }

  // The first line of what the responder wrote for its log. A trace of calls shows their arguments: all that is quoted is covered.
  void log_line(Record& record, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const size_t end = content_end(record, reader);
    Request* request = request_of(record);
    if (request == nullptr || !request->has_log_line) return take(record, reader, record.content_bytes, Passing::kHidden);
    const void* found = std::memchr(bytes + from, '\n', end - from);
    const size_t line_end = found == nullptr ? end : static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes);
    for (size_t at = from; at < line_end; at++) {
      if (bytes[at] != '\'' && bytes[at] != '"' && bytes[at] != '`') continue;
      size_t close = at + 1;
      while (close < line_end && bytes[close] != bytes[at]) close++;
      reader.cover(at + 1, close);
      at = close;
    }
    credentials_.cover_connection_string(reader, from, line_end, found != nullptr);
    request->has_log_line = false;
    const uint32_t here = static_cast<uint32_t>(line_end - from);
    if (here == record.content_bytes) return take(record, reader, here, Passing::kShown);
    reader.pass(here);
    record.content_bytes -= here;
    take(record, reader, record.content_bytes, Passing::kHidden);
  }

  Record& record_of(Sender sender) { return records_[static_cast<size_t>(sender)]; }

  const Credentials& credentials_;
  Record records_[2];
  std::unordered_map<uint32_t, Request> requests_;
};

std::unique_ptr<Conversation> open(Sender first, const Hints&, const Credentials& credentials) {
  return std::make_unique<Fastcgi>(first, credentials);
}

}  // namespace

const Protocol kFastcgi = {recognise, open};

}  // namespace spanloom::redaction
