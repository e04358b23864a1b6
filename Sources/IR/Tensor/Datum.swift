/// A value while a model runs: what a graph takes, what nodes pass on, what comes out.
///
/// Tensors are by far the most common; sequences and optionals hold further values.
public indirect enum Datum: Sendable, Equatable {
  /// A dense tensor, of numbers or of strings.
  case tensor(Tensor)
  /// Values in order, all of the type `of` as far as that is known.
  case sequence([Datum], of: ValueType?)
  /// A value of the type `of` that may be absent.
  case optional(Datum?, of: ValueType?)

  /// The tensor, when the value is one.
  public var tensor: Tensor? { if case .tensor(let tensor) = self { tensor } else { nil } }

  /// The type: shapes for tensors; for what holds others, the type of these where it is known.
  public var type: ValueType {
    switch self {
    case .tensor(let tensor): .tensor(tensor.type)
    case .sequence(let elements, let type): .sequence(type ?? elements.first?.type)
    case .optional(let content, let type): .optional(type ?? content?.type)
    }
  }
}
