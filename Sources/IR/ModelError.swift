/// Why a model, a file or a request could not be handled.
///
/// An error names the thing, what was expected and what was found. Callers on the way up append
/// notes that say in which file or pass it happened; the command line turns it into text once.
public struct ModelError: Error, Hashable, Sendable {
  /// What kind of trouble it is, for callers that react to some kinds.
  public enum Code: String, Sendable {
    /// The file could not be read, written or found.
    case file
    /// The bytes are not an ONNX model, or break its encoding.
    case malformed
    /// The model decodes but breaks a rule of ONNX or of its operator.
    case invalid
    /// Valid, but Lapidary does not know or support it.
    case unsupported
    /// What the user asked for or supplied does not fit the model.
    case request
    /// A result differs from what it must equal.
    case verification
    /// A limit on depth, count or size was reached.
    case limit
  }

  /// The kind of trouble.
  public var code: Code
  /// One sentence: the thing, the expectation, what was found.
  public var message: String
  /// Context from the outside in, such as `in "model.onnx"` or `pass 'fold'`.
  public var notes: [String]
  /// What the user can do about it, where that is known.
  public var hint: String?

  /// Makes an error from its parts.
  public init(_ code: Code, _ message: String, hint: String? = nil, notes: [String] = []) {
    self.code = code
    self.message = message
    self.hint = hint
    self.notes = notes
  }

  /// The same error with one more note, for the way up.
  public func noting(_ note: String) -> ModelError {
    var error = self
    error.notes.insert(note, at: 0)
    return error
  }
}

extension ModelError: CustomStringConvertible {
  /// `note: note: message`, on one line.
  public var description: String { (notes + [message]).joined(separator: ": ") }
}

/// Runs `body` and appends a note to the error it throws.
package func noting<T>(
  _ note: @autoclosure () -> String, _ body: () throws(ModelError) -> T
) throws(ModelError) -> T {
  do { return try body() } catch { throw error.noting(note()) }
}
