import Foundation
import Lapidary
import Operators
import TestSupport
import Testing

/// Damaged models are checked: whatever is wrong with them, the answer is a verdict, soon and
/// without much memory.
///
/// `LAPIDARY_MUTATIONS=1000000 swift test --filter MutationTests`, which is `make mutate`, tries more
/// of them and measures memory too. Before each, the seed goes to the file that
/// `LAPIDARY_MUTATION_LOG` names, so that a crash can be repeated.
@Suite(.serialized) struct MutationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let wanted = environment["LAPIDARY_MUTATIONS"].flatMap { Int($0) }

  /// Twenty models of different make: control flow, functions, sequences, strings, quantized and
  /// real networks.
  private static let models: [String] = {
    let root = "/usr/share/libonnx-testdata/data"
    let cases = [
      "node/test_loop11", "node/test_if", "node/test_constantofshape_float_ones",
      "simple/test_sign_model", "node/test_sequence_map_identity_1_sequence_1_tensor",
      "node/test_scan9_sum", "node/test_lstm_with_peepholes", "node/test_qlinearconv",
      "node/test_resize_upsample_sizes_nearest",
      "node/test_strnormalizer_export_monday_casesensintive_lower",
      "node/test_sce_mean_weight_expanded",
      "node/test_convtranspose_autopad_same", "node/test_einsum_batch_matmul",
      "node/test_bernoulli_double_expanded", "node/test_range_float_type_positive_delta_expanded",
      "pytorch-converted/test_Conv2d_groups", "pytorch-operator/test_operator_conv",
      "pytorch-converted/test_BatchNorm2d_eval", "node/test_optional_get_element",
    ]
    return cases.map { "\(root)/\($0)/model.onnx" } + [Repository.fixture("fashion/fashion.onnx")]
  }()

  private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    for _ in 0...random.below(4) {
      guard !bytes.isEmpty else { return }
      let place = random.below(bytes.count)
      switch random.below(8) {
      case 0: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(16)))
      case 1:
        let end = min(bytes.count, place + 1 + random.below(64))
        bytes.insert(contentsOf: Array(bytes[place..<end]), at: random.below(bytes.count))
      case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)]
      case 3: bytes.removeSubrange(place...)
      case 4: bytes[place] ^= 1 << UInt8(random.below(8))
      default: bytes[place] = UInt8(random.below(256))
      }
    }
  }

  @Test func damagedModelsGetAVerdict() throws {
    let sources = try Self.models.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
    let log = Self.environment["LAPIDARY_MUTATION_LOG"].flatMap { FileHandle(forWritingAtPath: $0) }
    let count = Self.wanted ?? 4000
    var (valid, broken) = (0, 0)
    for seed in 0..<count {
      let index = seed % sources.count
      var random = SplitMix(state: UInt64(seed))
      var bytes = sources[index]
      // Large weights are not what breaks a reader: most damage goes to the rest.
      if bytes.count > 1 << 18, random.below(8) > 0 { bytes.removeSubrange((1 << 15)...) }
      Self.mutate(&bytes, &random)
      if let log {
        try log.seek(toOffset: 0)
        try log.write(contentsOf: Data("\(seed)\n".utf8))
      }
      let before = Self.wanted == nil ? 0 : Memory.resident()
      let time = processorTime {
        let isValid = (try? ONNXFile.decode(bytes)).map { ModelCheck($0).error == nil } ?? false
        if isValid { valid += 1 } else { broken += 1 }
      }
      #expect(time < 1, "seed \(seed) of \(Self.models[index]): \(time) s")
      if Self.wanted != nil {
        let used = Memory.peak() - before
        let allowed = 10 * bytes.count + 64 << 20
        #expect(used <= allowed, "seed \(seed) of \(Self.models[index]): \(used) bytes")
      }
    }
    #expect(valid > 0 && broken > 0)
    if Self.wanted != nil { print("\(count) mutations: \(valid) valid, \(broken) refused") }
  }
}

/// What the system says about this process.
private enum Memory {
  /// Bytes in memory now; from here on `peak` counts anew.
  static func resident() -> Int {
    try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    return kilobytes("VmRSS:") << 10
  }

  /// The most bytes in memory since the last call of `resident`.
  static func peak() -> Int { kilobytes("VmHWM:") << 10 }

  private static func kilobytes(_ key: String) -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    return line.flatMap { Int($0.split(whereSeparator: { " \t".contains($0) })[1]) } ?? 0
  }
}

/// SplitMix64, a generator that is the same everywhere.
private struct SplitMix {
  var state: UInt64

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ z >> 31) >> 33) % bound
  }
}
