extension HalfFormat {
  /// The sum of numbers of this format, in it.
  ///
  /// ONNX's evaluator adds float16 in floats and bfloat16 in bfloat16. The first eight bfloat16 are
  /// added so, and each eight that follow; what the eights come to is added in floats, so that the
  /// sum of a long row is no worse than that of a short one.
  func sum(_ count: Int, _ number: (Int) -> Float) -> Float {
    let length = self == .bfloat16 ? 8 : max(1, count)
    var total: Float = 0
    for start in stride(from: 0, to: count, by: length) {
      var part = number(start)
      for i in start + 1..<max(start + 1, min(start + length, count)) {
        part += number(i)
        if self == .bfloat16 { part = rounded(part) }
      }
      total += part
    }
    return rounded(total)
  }
}
