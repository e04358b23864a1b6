public import ArgumentParser
public import Lapidary

/// Edits that make a model another part, or join two.
struct EditPartOptions: ParsableArguments {
  @Flag(
    help: """
      Put right what runtimes refuse: the order of nodes, names of nodes that are not unique, declared \
      types that contradict inferred ones, absent versions.
      """)
  var repair = false

  @Option(
    help: ArgumentHelp("A model to put behind this one.", valueName: "MODEL"), completion: .file())
  var join: String?

  @Option(
    help: ArgumentHelp(
      "Which output an input of the model behind takes, where their names differ.",
      valueName: "OUTPUT=INPUT"))
  var connect: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Keep the part between values: what computes the outputs from the inputs. Either side may be \
      empty and then is the model's own.
      """, valueName: "IN,IN:OUT,OUT"))
  var extract: String?

  @Option(
    help: ArgumentHelp(
      "Keep these outputs, in this order; other values become outputs.", valueName: "NAME,NAME"))
  var outputs: String?

  @Option(help: ArgumentHelp("Drop these outputs.", valueName: "NAME,NAME"))
  var dropOutputs: String?

  @Option(
    help: ArgumentHelp(
      "Make nodes of these names or operators another operator.", valueName: "PATTERN=OPERATOR"))
  var replace: [String] = []

  @Option(
    help: ArgumentHelp(
      "Take out nodes of these names or operators, which hand on their first input.",
      valueName: "PATTERN"))
  var remove: [String] = []

  func fill(_ request: inout EditRequest) {
    func names(_ text: String?) -> [String] {
      (text ?? "").split(separator: ",").map(String.init)
    }
    request.repairs = repair
    request.join = join
    request.connect = connect
    request.extract = extract
    request.outputs = names(outputs)
    request.dropOutputs = names(dropOutputs)
    request.replace = replace
    request.remove = remove
  }
}

/// Edits of what a model takes and gives out.
struct EditInterfaceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A length for an open dimension, by its symbol or by input and axis (--dim N=1, --dim image:0=1), \
      or a symbol for a fixed one (--dim image:2=H).
      """, valueName: "NAME=LENGTH"))
  var dim: [String] = []

  @Option(
    help: ArgumentHelp(
      "Make every input take batches of this length, or of any.", valueName: "N|dynamic"))
  var batch: String?

  @Option(
    help: ArgumentHelp(
      """
      Put into the model what turns pixels into its numbers: imagenet, 0-1, -1-1 or 0-255, then \
      scale=, mean=, std=, layout=, order=, set apart by commas.
      """, valueName: "words"),
    transform: { try Preprocessing($0) })
  var preprocess: Preprocessing?

  @Option(
    help: ArgumentHelp(
      "The input that takes pictures, where there are several.", valueName: "INPUT"))
  var pictures: String?

  @Option(
    help: ArgumentHelp(
      "What the input takes with --preprocess: bytes, or floats from 0 to 255.",
      valueName: "uint8|float"))
  var inputType = EditRequest.PixelType.uint8

  @Option(
    help: ArgumentHelp("Make an input take its axes in this order.", valueName: "[INPUT=]nchw|nhwc")
  )
  var layout: [String] = []

  @Option(
    help: ArgumentHelp("Give an input, an output or a value another name.", valueName: "OLD=NEW"))
  var rename: [String] = []

  @Flag(help: "Take initializers off the inputs.")
  var constantInputs = false

  func fill(_ request: inout EditRequest) {
    request.dim = dim
    request.batch = batch
    request.preprocess = preprocess
    request.pictures = pictures
    request.inputType = inputType
    request.layout = layout
    request.rename = rename
    request.constantInputs = constantInputs
  }
}

/// Edits of what a model says and not of what it computes.
struct EditWordOptions: ParsableArguments {
  @Flag(help: "Make equal constants one.")
  var deduplicate = false

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Take away what a model does not compute with.",
      valueName: "docs|names|metadata|value-info|producer"))
  var strip: [StripModel.Kind] = []

  @Option(
    help: ArgumentHelp(
      "Set an entry of the metadata; with nothing behind the sign it goes.", valueName: "KEY=VALUE")
  )
  var metadata: [String] = []

  @Option(help: ArgumentHelp("State this version of the file format.", valueName: "N"))
  var irVersion: Int?

  func fill(_ request: inout EditRequest) {
    request.deduplicate = deduplicate
    request.strip = strip
    request.metadata = metadata
    request.irVersion = irVersion
  }
}

extension EditRequest.PixelType: ExpressibleByArgument {}
extension StripModel.Kind: ExpressibleByArgument {}
