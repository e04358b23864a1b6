/// The catalogue of spellings: one file for each operator that is spelled, one line here for each
/// list of spellings.
package enum Spellings {
  /// Functions of each element by itself, larger ones before those that they contain.
  package static let functions: [Spelling] =
    gelu + hardSwish + swish + hardSigmoid + others

  /// Those for which `fuse` has no rule of their own.
  package static let others: [Spelling] = mish + softplus

  /// All spellings that one operator with one operand stands for.
  package static let all: [Spelling] = functions + [logSoftmax]

  /// The value that all spellings start from.
  static let x = Pattern.value("x")
}
