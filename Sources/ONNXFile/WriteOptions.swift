/// Where the elements of large tensors go when a model is written.
public enum WriteOptions: Hashable, Sendable {
  /// Into the model file. Protobuf limits such a file to 2 GB.
  case inline
  /// Those of initializers and attributes from 1 KB on go into a file of this name beside the model.
  case external(file: String)
}
