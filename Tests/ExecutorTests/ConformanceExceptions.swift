/// ONNX's own cases that Lapidary does not pass, each with the reason.
let conformanceExceptions: [String: String] = {
  var table: [String: String] = [:]
  func add(_ reason: String, _ names: [String]) { for name in names { table[name] = reason } }
  add(
    "training mode is not supported",
    [
      "batchnorm_epsilon_training_mode", "batchnorm_example_training_mode", "training_dropout",
      "training_dropout_default", "training_dropout_default_mask", "training_dropout_mask",
      "training_dropout_zero_ratio", "training_dropout_zero_ratio_mask",
    ])
  add(
    "the data files hold uint16 where the model says bfloat16",
    [
      "cast_BFLOAT16_to_FLOAT", "cast_FLOAT_to_BFLOAT16", "castlike_BFLOAT16_to_FLOAT",
      "castlike_BFLOAT16_to_FLOAT_expanded", "castlike_FLOAT_to_BFLOAT16",
      "castlike_FLOAT_to_BFLOAT16_expanded",
    ])
  add(
    "the expected values are those of a definition that ONNX corrected later",
    [
      "resize_downsample_scales_cubic_align_corners",
      "resize_downsample_scales_linear_align_corners",
    ])
  return table
}()
