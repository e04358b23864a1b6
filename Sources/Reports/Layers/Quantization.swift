package import IR

/// Numbers that one of two models has in another type, by scales and zero-points.
public struct Quantization: Hashable, Sendable {
  /// What is quantized.
  public enum Part: String, Hashable, Sendable {
    /// A layer's weight.
    case weight
    /// A layer's bias.
    case bias
    /// A value that is computed when the model runs.
    case activation
  }

  /// What is quantized.
  public let part: Part
  /// The type that stands for the numbers, in ONNX's words.
  public let type: String
  /// How many scales there are.
  public let scales: Int
  /// The value, as the model with the quantization calls it.
  public let value: String
  /// Whether the first model is the one that has it.
  public let isInFirst: Bool

  package init(part: Part, type: String, scales: Int, value: String, isInFirst: Bool) {
    self.part = part
    self.type = type
    self.scales = scales
    self.value = value
    self.isInFirst = isInFirst
  }

  /// `INT8 per channel`.
  var text: String {
    let grain = scales > 1 ? "per channel" : "per tensor"
    let what = part == .weight ? "" : " \(part.rawValue)"
    return isInFirst
      ? "no longer \(type.uppercased())\(what)" : "\(type.uppercased())\(what) \(grain)"
  }

  /// For programs.
  var members: [JSONValue.Member] {
    [
      .init(key: "part", value: .string(part.rawValue)),
      .init(key: "type", value: .string(type)), .init(key: "scales", value: .int(scales)),
      .init(key: "value", value: .string(value)),
      .init(key: "direction", value: .string(isInFirst ? "dequantized" : "quantized")),
    ]
  }
}

/// A model as it is compared: with quantization taken out and what can be folded folded in, and with
/// notes of what was.
package struct ModelView {
  /// Something that was taken out.
  package struct Note {
    /// The node that reads the quantized value, or that took in what was folded.
    package let node: NodeID
    package let kind: Kind

    package enum Kind {
      case quantized(Quantization)
      /// What was folded in, such as `BatchNormalization 'bn1'`.
      case folded(String)
      /// That the layer is in two parts with so many channels between them.
      case divided(rank: Int)
    }

    package init(_ node: NodeID, _ kind: Kind) {
      self.node = node
      self.kind = kind
    }
  }

  package var model: Model
  package var notes: [Note] = []
  /// For nodes whose results were quantized the numbers that the quantized ones can stand for.
  package var ranges: [NodeID: ClosedRange<Float>] = [:]

  /// Whether layers were sums of integers, to which biases are added where they are numbers again.
  package var hasOpenSums = false

  package init(_ model: Model) { self.model = model }
}

extension ModelView.Note {
  /// The kind of difference that it is.
  var diffKind: DiffHunk.Kind {
    switch kind {
    case .quantized: .quantized
    case .folded, .divided: .folded
    }
  }

  /// What it says, of a node of the first model or of the second.
  func change(isFirst: Bool) -> DiffHunk.Change {
    switch kind {
    case .quantized(let quantization): .quantization(quantization)
    case .folded(let what): .said(isFirst ? "\(what) folded in" : "\(what) taken out")
    case .divided(let rank): .divided(rank: rank, isInFirst: isFirst)
    }
  }
}
