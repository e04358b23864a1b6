import Kernels
import Testing

/// A source of numbers that is the same in every run.
private struct Numbers {
  private var state: UInt64

  init(seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next(_ range: ClosedRange<Int>) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return range.lowerBound + Int((state >> 33) % UInt64(range.count))
  }

  mutating func floats(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(next(-1000...1000)) / 300 }
  }
}

@Suite("Convolution kernel")
struct ConvolutionKernelTests {
  /// A convolution by its definition: the sum of an output runs over channels, then kernel positions.
  private func definition(
    _ shape: ConvolutionShape, _ x: [Float], _ w: [Float], _ bias: [Float]
  ) -> [Float] {
    let window = shape.window
    let columns = shape.inputChannels / shape.group, rows = shape.outputChannels / shape.group
    var result: [Float] = []
    for n in 0..<shape.batch {
      for m in 0..<shape.outputChannels {
        for h in 0..<window.output[0] {
          for v in 0..<window.output[1] {
            var sum = bias[m]
            for c in 0..<columns {
              for i in 0..<window.kernel[0] {
                for j in 0..<window.kernel[1] {
                  let row =
                    h * window.strides[0] + i * window.dilations[0] - window.padsBegin[0]
                  let column =
                    v * window.strides[1] + j * window.dilations[1] - window.padsBegin[1]
                  guard row >= 0, row < window.input[0], column >= 0, column < window.input[1]
                  else { continue }
                  let plane = (n * shape.inputChannels + m / rows * columns + c) * window.input[0]
                  let tap = ((m * columns + c) * window.kernel[0] + i) * window.kernel[1] + j
                  sum += x[(plane + row) * window.input[1] + column] * w[tap]
                }
              }
            }
            result.append(sum)
          }
        }
      }
    }
    return result
  }

  private func shape(_ numbers: inout Numbers, width: ClosedRange<Int>) -> ConvolutionShape {
    let group = numbers.next(1...3)
    let kernel = [numbers.next(1...4), numbers.next(1...6)]
    let strides = [numbers.next(1...3), numbers.next(1...5)]
    let dilations = [numbers.next(1...2), numbers.next(1...3)]
    let begin = [numbers.next(0...3), numbers.next(0...9)]
    let end = [numbers.next(0...3), numbers.next(0...9)]
    let input = [numbers.next(7...9), numbers.next(width)]
    let output = [0, 1].map { axis -> Int in
      let reach = dilations[axis] * (kernel[axis] - 1)
      return (input[axis] + begin[axis] + end[axis] - reach - 1) / strides[axis] + 1
    }
    return ConvolutionShape(
      batch: numbers.next(1...2), inputChannels: group * numbers.next(1...4),
      outputChannels: group * numbers.next(1...20), group: group,
      window: Window(
        input: input, kernel: kernel, strides: strides, dilations: dilations, padsBegin: begin,
        padsEnd: end, output: output))
  }

  @Test("It gives the definition's bits", arguments: 0..<60)
  func definition(seed: Int) {
    var numbers = Numbers(seed: seed)
    // Some rows are longer than what is summed up at a time, some shorter than the kernel.
    let shape = shape(&numbers, width: seed % 10 == 0 ? 4000...9000 : 16...40)
    let window = shape.window
    let columns = shape.inputChannels / shape.group
    var x = numbers.floats(shape.batch * shape.inputChannels * window.inputCount)
    var w = numbers.floats(shape.outputChannels * columns * window.kernelCount)
    var bias = numbers.floats(shape.outputChannels)
    let expected = definition(shape, x, w, bias)
    var y = [Float](repeating: .nan, count: expected.count)
    let ran = x.withUnsafeMutableBytes { x in
      w.withUnsafeMutableBytes { w in
        bias.withUnsafeMutableBytes { bias in
          y.withUnsafeMutableBytes { y in
            convolve(
              shape, Source(.float, [], UnsafeRawBufferPointer(x)),
              Source(.float, [], UnsafeRawBufferPointer(w)),
              bias: Source(.float, [], UnsafeRawBufferPointer(bias)),
              into: Target(.float, shape.outputShape, y))
          }
        }
      }
    }
    #expect(ran)
    #expect(y == expected)
  }
}
