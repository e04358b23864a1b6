import IR
private import Synchronization

/// Names for lengths that do not follow from others, such as how many elements NonZero finds: each
/// after its value and axis, and none twice. Shared by the graphs of one model.
final class LengthNames: Sendable {
  private let taken = Mutex<Set<String>>([])

  /// Keeps the names that a graph declares from being given again.
  func reserve(_ graph: Graph) {
    for info in graph.inputs + graph.valueInfos + graph.outputs {
      for dimension in info.type?.tensor?.shape?.dimensions ?? [] {
        guard case .symbolic(let expression) = dimension else { continue }
        taken.withLock { $0.formUnion(expression.symbols) }
      }
    }
  }

  /// The type with a name for every length of which nothing is known.
  func complete(_ type: TensorType, of value: String) -> TensorType {
    guard var shape = type.shape, shape.dimensions.contains(.unknown) else { return type }
    for axis in shape.dimensions.indices where shape[axis] == .unknown {
      shape[axis] = Dimension(symbol: fresh("\(Self.identifier(value))_dim_\(axis)"))
    }
    return TensorType(type.elementType, shape)
  }

  private func fresh(_ stem: String) -> String {
    taken.withLock { taken in
      var name = stem
      var number = 2
      while !taken.insert(name).inserted {
        name = "\(stem)_\(number)"
        number += 1
      }
      return name
    }
  }

  /// The name with everything but letters and digits replaced, so that it reads well in expressions.
  private static func identifier(_ name: String) -> String {
    let bytes = name.utf8.map { byte -> UInt8 in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: byte
      default: UInt8(ascii: "_")
      }
    }
    guard let first = bytes.first else { return "value" }
    let text = String(decoding: bytes, as: UTF8.self)
    return (0x30...0x39).contains(first) ? "_" + text : text
  }
}
