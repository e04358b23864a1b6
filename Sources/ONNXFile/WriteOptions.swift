public import IR

/// Where the elements of large tensors go when a model is written.
public enum WriteOptions: Hashable, Sendable {
  /// Into the model file. Protobuf limits such a file to 2 GB.
  case inline
  /// Those of initializers and attributes from 1 KB on go into a file of this name beside the model.
  case external(file: String)

  /// Refuses a name that the file with the weights of a model cannot have.
  ///
  /// - Parameter path: where the model is written to.
  public static func check(external file: String, beside path: String) throws(ModelError) {
    guard path != "-" else {
      throw ModelError(
        .request, "expected a path for a model with external data, found the standard output")
    }
    guard !file.isEmpty, !file.contains("/"), file != ".", file != "..",
      file != FileBytes.name(of: path)
    else {
      throw ModelError(
        .request,
        "expected a name for the external data's file, beside the model and other than its own,"
          + " found '\(file)'")
    }
  }
}
