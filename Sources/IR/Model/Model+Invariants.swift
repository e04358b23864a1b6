extension Model {
  /// Checks what edits must keep true, in the graph and in the bodies of functions.
  ///
  /// - Throws: `ModelError` with code `invalid`, naming the node or value.
  public func checkInvariants() throws(ModelError) {
    try graph.checkInvariants()
    for function in functions {
      try noting("function '\(function.op)'") { () throws(ModelError) in
        try function.body.checkInvariants()
      }
    }
  }
}
