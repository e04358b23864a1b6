public import ArgumentParser
public import Lapidary

/// The forms that a quantized model takes.
enum QuantizedForm: String, ExpressibleByArgument, CaseIterable {
  case qdq, qoperator, dynamic, weights, float16, bfloat16
}

/// How a model is encoded in fewer bits.
struct EncodingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The form. qdq and qoperator compute in integers over ranges from calibration; dynamic finds them while it runs; weights, float16 and bfloat16 store fewer bits. The last four need no data.",
      valueName: "qdq|qoperator|dynamic|weights|float16|bfloat16"))
  var encoding = QuantizedForm.qdq

  @Option(
    help: ArgumentHelp(
      "With --encoding weights: the integers that weights are stored in.",
      valueName: "int8|int4|uint4"))
  var weightType: WeightType?

  @Option(
    help: ArgumentHelp(
      "With --encoding weights: elements along the sum that share a scale, a power of two from 16 to 256, or channel for one scale a channel.",
      valueName: "16..256|channel"))
  var block: WeightBlock?

  @Flag(help: "With --encoding weights: zero stands for zero, without zero-points.")
  var symmetric = false

  @Option(
    help: ArgumentHelp(
      "With --encoding weights, dynamic or qoperator: whose operators may be used.",
      valueName: "onnx|onnxruntime"))
  var target: EncodingTarget?

  @Flag(help: "With --encoding float16 or bfloat16: inputs and outputs change their type too.")
  var convertInterface = false

  func validate() throws {
    if encoding != .weights && (weightType != nil || block != nil || symmetric) {
      throw ValidationError("--weight-type, --block and --symmetric need --encoding weights")
    }
    if convertInterface && !isHalf {
      throw ValidationError("--convert-interface needs --encoding float16 or bfloat16")
    }
    if symmetric && weightType == .uint4 {
      throw ValidationError("--symmetric needs integers with a sign: int8 or int4")
    }
    if encoding == .qdq || isHalf, target != nil {
      throw ValidationError("--target needs --encoding weights, dynamic or qoperator")
    }
  }

  private var isHalf: Bool { encoding == .float16 || encoding == .bfloat16 }

  /// Whether the form needs ranges from calibration.
  var needsRanges: Bool { encoding == .qdq || encoding == .qoperator }

  /// How a model in QDQ form is said with operators on integers; nil where it stays.
  var integerOperators: IntegerOperators? {
    guard encoding == .qoperator else { return nil }
    var own = IntegerOperators()
    own.target = target ?? .onnxruntime
    return own
  }

  /// The encoding; nil for those that calibrate.
  func encoding(
    usesAllBits: Bool, rounding: QuantizationOptions.Rounding, exclude: [String], _ run: RunOptions
  ) -> (any ModelEncoding)? {
    switch encoding {
    case .qdq, .qoperator: return nil
    case .weights:
      var own = WeightEncoding()
      own.type = weightType ?? .int8
      if let block { own.block = block.length }
      own.isSymmetric = symmetric
      own.rounding = rounding
      own.target = target ?? .onnx
      own.exclude = exclude
      return own
    case .dynamic:
      var own = DynamicEncoding()
      own.usesAllBits = usesAllBits
      own.target = target ?? .onnx
      own.exclude = exclude
      return own
    case .float16, .bfloat16:
      var own = HalfEncoding(
        encoding == .float16 ? .float16 : .bfloat16, options: run.session())
      own.keepsInterface = !convertInterface
      own.exclude = exclude
      return own
    }
  }
}

/// How many elements of a weight share a scale: a number, or all of a channel.
struct WeightBlock: ExpressibleByArgument {
  /// Nil for all of a channel.
  let length: Int?

  init?(argument: String) {
    if argument == "channel" {
      length = nil
    } else if let number = Int(argument), (16...256).contains(number), number & (number - 1) == 0 {
      length = number
    } else {
      return nil
    }
  }
}

extension WeightType: ExpressibleByArgument {}
extension EncodingTarget: ExpressibleByArgument {}
