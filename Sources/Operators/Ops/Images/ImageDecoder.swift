package import IR
internal import Pictures

/// The pixels of an encoded picture (https://onnx.ai/onnx/operators/onnx__ImageDecoder.html): PNG and
/// JPEG, and BMP, PNM and TIFF that are not compressed. JPEG 2000 and WebP are not read.
package struct ImageDecoder: Operator {
  package static let schema = Schema(
    "ImageDecoder", opsets: 20...28,
    signature: """
      20: (T1) -> T2; <pixel_format: string = RGB>; T1: uint8; T2: uint8
      """)
  private let format: Format

  private enum Format: String, CaseIterable {
    case rgb = "RGB"
    case bgr = "BGR"
    case grey = "Grayscale"
  }

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    format = try node.choice("pixel_format", default: .rgb)
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    try inputs.requireRank(0, 1...1)
    return [Inferred(.uint8, Shape([.unknown, .unknown, .known(format == .grey ? 1 : 3)]))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let file = Storage([UInt8](try context.input(0).bytes))
    let picture = try noting(context.label) { () throws(ModelError) in
      try Picture(decoding: file)
    }
    var pixels = format == .grey ? picture.greys : picture.pixels
    if format == .bgr {
      for place in stride(from: 0, to: pixels.count, by: 3) { pixels.swapAt(place, place + 2) }
    }
    let shape = [picture.height, picture.width, format == .grey ? 1 : 3]
    let target = try context.bytes(output: 0, .uint8, shape)
    pixels.withUnsafeBytes { target.copyMemory(from: $0) }
  }

  package func channels(_ inputs: Inputs, _ outputs: [TensorType]) -> ChannelRule {
    .barrier("made from a file")
  }
}

extension ImageDecoder {
  package var gradient: Gradient { .none("it is made from a file") }
}
