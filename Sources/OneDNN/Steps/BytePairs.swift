internal import COneDNN
internal import Execution
internal import IR
internal import Operators

extension Accelerator {
  /// Whether sums of products of bytes are exact on this machine, whatever the bytes. Before VNNI,
  /// pairs of products saturate at 16 bits.
  var multipliesBytes: Bool {
    let isa = dnnl_get_effective_cpu_isa().rawValue
    let vnni = dnnl_cpu_isa_avx512_core_vnni.rawValue, narrow = dnnl_cpu_isa_avx2_vnni.rawValue
    return isa & vnni == vnni || isa & narrow == narrow
  }

  /// Before VNNI, activations have to be unsigned, and no pair of weights may be so large that their
  /// products saturate. Before AVX2 products of floats are as fast.
  func multipliesBytes(
    _ activation: ElementType, by weight: RuntimeTensor, zeroPoint: Int32,
    in computation: Computation
  ) -> Bool {
    guard !multipliesBytes else { return true }
    guard activation == .uint8, arrangesChannels,
      let pairs = BytePairs(weight.shape, computation)
    else { return false }
    return pairs.areExact(weight, zeroPoint: zeroPoint)
  }
}

/// The weights of a product of bytes whose products with an activation are added up in 16 bits first,
/// where the processor has no VNNI: neighbours along the contraction. Convolutions have it padded to
/// an even number of channels at each position of the kernel, or run over all positions.
private struct BytePairs {
  /// Where the weights of each output begin.
  private let rows: [Int]
  /// From each to the next along the contraction: positions of a kernel, and channels within one.
  private let positions: (count: Int, stride: Int), channels: (count: Int, stride: Int)
  /// Whether each output channel sees one input channel: then products are added up in 32 bits.
  private let isDepthwise: Bool

  /// The largest sum of a pair of weights whose products with 255 fit in 16 bits.
  private static let limit: Int32 = 128

  /// Nil for what is no product, and for weights of another rank.
  init?(_ shape: [Int], _ computation: Computation) {
    switch computation {
    case .convolution(let form, _) where form.kind == .convolution && shape.count > 2:
      let kernel = shape.dropFirst(2).reduce(1, *), length = shape[1] * kernel
      rows = (0..<shape[0]).map { $0 * length }
      (positions, channels) = ((kernel, 1), (shape[1], kernel))
      isDepthwise = shape[1] == 1 && form.groups == shape[0]
    case .product(.matrices(let form), _) where form.transposesRight && shape.count == 2:
      rows = (0..<shape[0]).map { $0 * shape[1] }
      (positions, channels, isDepthwise) = ((1, 1), (shape[1], 1), false)
    case .product where shape.count >= 2:
      let k = shape[shape.count - 2], n = shape[shape.count - 1]
      let matrices = shape.dropLast(2).reduce(1, *)
      rows = (0..<matrices).flatMap { matrix in (0..<n).map { matrix * k * n + $0 } }
      (positions, channels, isDepthwise) = ((1, 1), (k, n), false)
    default: return nil
    }
  }

  /// Whether no pair of products with an unsigned byte saturates.
  func areExact(_ weight: RuntimeTensor, zeroPoint: Int32) -> Bool {
    guard !isDepthwise else { return true }
    let isSigned = weight.elementType == .int8
    let bytes = weight.bytes
    func value(_ index: Int) -> Int32 {
      (isSigned ? Int32(Int8(bitPattern: bytes[index])) : Int32(bytes[index])) - zeroPoint
    }
    guard !bytes.indices.allSatisfy({ abs(value($0)) <= Self.limit / 2 }) else { return true }
    // An odd number of channels makes pairs across positions where they are not padded.
    let step = channels.count % 2 == 0 || positions.count == 1 ? 2 : 1
    let length = positions.count * channels.count
    func place(_ index: Int) -> Int {
      index / channels.count * positions.stride + index % channels.count * channels.stride
    }
    for row in rows {
      for index in stride(from: 0, to: length, by: step) {
        let first = value(row + place(index))
        let second = index + 1 < length ? value(row + place(index + 1)) : 0
        guard max(first, 0) + max(second, 0) <= Self.limit,
          min(first, 0) + min(second, 0) >= -Self.limit
        else { return false }
      }
    }
    return true
  }
}
