internal import IR
internal import Operators

/// What tracing found, for nodes that do the same to operands of the same shapes: the layers of a
/// network are mostly alike.
struct TracingMemory {
  private var known: [Key: [TracedAxis]] = [:]

  /// Everything that tracing depends on.
  private struct Key: Hashable {
    let type: String
    let domain: String?
    let attributes: [String: Parameter]
    let operands: [Given]
    let outputs: [TensorType]
    let moved: [Int]
    let passing: [[Int]]
  }

  private enum Parameter: Hashable {
    case ints([Int])
    case floats([Float])
    case texts([[UInt8]])
  }

  private enum Given: Hashable {
    case nothing
    case moved(Shape?)
    case constant(TensorType, [UInt8])
    case data(TensorType, [Dimension])
  }

  /// Constants with more bytes than this are not compared.
  private static let limit = 4096

  /// What tracing finds for a node.
  mutating func axes(_ node: Node, _ tracing: LabelTracing) throws(ModelError) -> [TracedAxis] {
    guard let key = Self.key(node, tracing) else { return try tracing.axes() }
    if let axes = known[key] { return axes }
    let axes = try tracing.axes()
    known[key] = axes
    return axes
  }

  /// Nil for nodes that cannot be compared.
  private static func key(_ node: Node, _ tracing: LabelTracing) -> Key? {
    var attributes: [String: Parameter] = [:]
    for attribute in node.attributes {
      switch attribute.value {
      case .int(let value): attributes[attribute.name] = .ints([value])
      case .ints(let values): attributes[attribute.name] = .ints(values)
      case .float(let value): attributes[attribute.name] = .floats([value])
      case .floats(let values): attributes[attribute.name] = .floats(values)
      case .string(let value): attributes[attribute.name] = .texts([value])
      case .strings(let values): attributes[attribute.name] = .texts(values)
      default: return nil
      }
    }
    var operands: [Given] = []
    for (index, operand) in tracing.inputs.operands.enumerated() {
      if let operand, tracing.moved.contains(index) {
        operands.append(.moved(operand.type.shape))
      } else if let constant = operand?.constant {
        guard let storage = constant.storage, storage.count <= limit else { return nil }
        operands.append(.constant(constant.type, storage.withUnsafeBytes { [UInt8]($0) }))
      } else if let operand {
        guard let data = operand.data else { return nil }
        operands.append(.data(operand.type, data))
      } else {
        operands.append(.nothing)
      }
    }
    return Key(
      type: node.type, domain: node.domain, attributes: attributes, operands: operands,
      outputs: tracing.outputs, moved: tracing.moved,
      passing: tracing.passing.map { [$0.input, $0.output] })
  }
}
