internal import IR
internal import Operators
internal import Rewriting

/// A node that is linear in its weight, channel by channel: convolutions and products with constant
/// weights, and normalisations with their scale and bias.
struct LinearLayer {
  let node: NodeID
  let weightSlot: Int
  let biasSlot: Int
  let weight: Tensor
  /// The axis of the weight along which output channels lie.
  let axis: Int
  /// Runs of channels: a grouped ConvTranspose has its channels group by group.
  let groups: Int
  /// What the operator multiplies its bias by.
  let biasFactor: Double
  /// The axis of the output along which channels lie; negative from the end.
  let outputAxis: Int
  /// Whether a bias of one element serves all channels.
  let broadcastsBias: Bool

  /// The number of output channels.
  var count: Int { weight.dimensions[axis] * groups }
}

extension Rewriter {
  /// Reads a node as a linear layer; nil for other nodes, and where the weight is not constant.
  mutating func linearLayer(_ id: NodeID) -> LinearLayer? {
    guard let kind = kind(id) else { return nil }
    func layer(
      _ slot: Int, axis: Int, groups: Int = 1, bias: Int = 2, factor: Double = 1, along: Int = 1,
      broadcasts: Bool = false
    ) -> LinearLayer? {
      guard let value = input(id, slot), isFloat(value), let weight = constant(value),
        weight.dimensions.count > axis,
        weight.dimensions[axis].multipliedReportingOverflow(
          by: groups
        ).overflow == false
      else { return nil }
      return LinearLayer(
        node: id, weightSlot: slot, biasSlot: bias, weight: weight, axis: axis, groups: groups,
        biasFactor: factor, outputAxis: along, broadcastsBias: broadcasts)
    }
    switch kind {
    case "Conv": return layer(1, axis: 0)
    case "ConvTranspose": return layer(1, axis: 1, groups: int(id, "group", 1))
    case "Gemm":
      return layer(
        1, axis: int(id, "transB", 0) != 0 ? 0 : 1, factor: Double(float(id, "beta", 1)), along: -1,
        broadcasts: true)
    case "MatMul":
      // The product takes a matrix from the right; channels of a batch of matrices are no channels.
      guard let weight = input(id, 1), rank(weight) == 2, (rank(input(id, 0)) ?? 0) >= 1 else {
        return nil
      }
      return layer(1, axis: 1, along: -1)
    case "BatchNormalization":
      guard case .affine = affine(id, axis: 1) else { return nil }
      return layer(1, axis: 0)
    case "InstanceNormalization": return layer(1, axis: 0)
    case "LayerNormalization", "RMSNormalization":
      guard let scale = input(id, 1), rank(scale) == 1, int(id, "axis", -1) == -1 else {
        return nil
      }
      return layer(1, axis: 0, along: -1)
    default: return nil
    }
  }
}

extension LinearLayer {
  /// The weight with output channel c multiplied by `factor(c)`.
  func scaledWeight(_ factor: (Int) -> Double) -> Tensor? {
    let inner = weight.dimensions[(axis + 1)...].reduce(1, *)
    let channels = weight.dimensions[axis]
    let outer = weight.dimensions[..<axis].reduce(1, *)
    return weight.scaled(runs: outer * channels, of: inner) { run in
      let block = run / max(channels, 1), channel = run % max(channels, 1)
      // In a grouped ConvTranspose, rows of group g make channels g·(Cout/G) and on.
      return factor(groups == 1 ? channel : block * groups / max(outer, 1) * channels + channel)
    }
  }
}

extension Tensor {
  /// The tensor with each run of `length` elements multiplied by a factor; nil for other types than
  /// float and double.
  func scaled(runs: Int, of length: Int, by factor: (Int) -> Double) -> Tensor? {
    func multiply<T: BinaryFloatingPoint & BitwiseCopyable>(_ type: T.Type) -> Storage? {
      guard let storage, storage.count == runs * length * MemoryLayout<T>.stride else { return nil }
      return Storage(count: storage.count) { target in
        guard let source = storage.bytes.baseAddress, let to = target.baseAddress else { return }
        for run in 0..<runs {
          let factor = factor(run)
          for index in run * length..<(run + 1) * length {
            let offset = index * MemoryLayout<T>.stride
            let value = source.loadUnaligned(fromByteOffset: offset, as: T.self)
            to.storeBytes(of: T(Double(value) * factor), toByteOffset: offset, as: T.self)
          }
        }
      }
    }
    let result: Storage?
    switch elementType {
    case .float: result = multiply(Float.self)
    case .double: result = multiply(Double.self)
    default: result = nil
    }
    return result.map { Tensor(elementType, dimensions, $0) }
  }
}
