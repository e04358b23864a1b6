/// A window that slides over the spatial axes of a tensor: what convolutions and pools share.
///
/// All lists have one entry a spatial axis. Output position `o` reads, for kernel position `k`,
/// input position `o·stride + k·dilation - padsBegin`; positions outside the input are padding.
package struct Window: Sendable, Hashable {
  package var input: [Int]
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var padsBegin: [Int]
  package var padsEnd: [Int]
  package var output: [Int]

  package init(
    input: [Int], kernel: [Int], strides: [Int], dilations: [Int], padsBegin: [Int],
    padsEnd: [Int], output: [Int]
  ) {
    self.input = input
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
    self.output = output
  }

  /// The number of spatial axes.
  package var rank: Int { kernel.count }

  /// The number of spatial positions of the input.
  package var inputCount: Int { input.reduce(1, *) }

  /// The number of spatial positions of the output.
  package var outputCount: Int { output.reduce(1, *) }

  /// The number of positions of the kernel.
  package var kernelCount: Int { kernel.reduce(1, *) }

  /// The same window over three axes; one that reads each position once is laid flat into one long
  /// row.
  var threeAxes: Window {
    if kernelCount == 1, strides.allSatisfy({ $0 == 1 }), padsBegin.allSatisfy({ $0 == 0 }),
      input == output
    {
      return Window(
        input: [1, 1, inputCount], kernel: [1, 1, 1], strides: [1, 1, 1], dilations: [1, 1, 1],
        padsBegin: [0, 0, 0], padsEnd: [0, 0, 0], output: [1, 1, outputCount])
    }
    return extended
  }

  /// The same window over three axes, of which missing ones are put in front with length 1.
  var extended: Window {
    let missing = max(0, 3 - rank)
    func lead(_ values: [Int], _ value: Int) -> [Int] {
      [Int](repeating: value, count: missing) + values
    }
    return Window(
      input: lead(input, 1), kernel: lead(kernel, 1), strides: lead(strides, 1),
      dilations: lead(dilations, 1), padsBegin: lead(padsBegin, 0), padsEnd: lead(padsEnd, 0),
      output: lead(output, 1))
  }

  /// The output positions of an axis whose kernel position `k` falls inside the input.
  func reach(axis: Int, k: Int) -> Range<Int> {
    let stride = strides[axis]
    let offset = k * dilations[axis] - padsBegin[axis]
    let low = offset >= 0 ? 0 : (-offset + stride - 1) / stride
    let last = input[axis] - 1 - offset
    let high = last < 0 ? 0 : min(output[axis], last / stride + 1)
    return low..<max(low, high)
  }

  /// Where one kernel position meets the input: the output positions of each axis and the distance
  /// from there to the input.
  struct Tap {
    let depth: Range<Int>, row: Range<Int>, column: Range<Int>
    let depthOffset: Int, rowOffset: Int, columnOffset: Int
  }

  /// One tap a kernel position, in row-major order. Three axes.
  var taps: [Tap] {
    var taps: [Tap] = []
    taps.reserveCapacity(kernelCount)
    for d in 0..<kernel[0] {
      for h in 0..<kernel[1] {
        for w in 0..<kernel[2] {
          taps.append(
            Tap(
              depth: reach(axis: 0, k: d), row: reach(axis: 1, k: h), column: reach(axis: 2, k: w),
              depthOffset: d * dilations[0] - padsBegin[0],
              rowOffset: h * dilations[1] - padsBegin[1],
              columnOffset: w * dilations[2] - padsBegin[2]))
        }
      }
    }
    return taps
  }
}
