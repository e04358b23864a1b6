/// Adds columns to the places of an image that a window took them from: `x` is
/// `[samples, channels · kernel, positions]` and `y` `[samples, channels, input…]` of the window.
/// Returns false for bools and when types differ.
package func columnsToImage(_ window: Window, _ x: Source, into y: Target) -> Bool {
  guard x.scalar == y.scalar else { return false }
  switch x.scalar {
  case .bool: return false
  case .float: gather(window, x, y, Float.self)
  case .double: gather(window, x, y, Double.self)
  case .uint8, .int8: gather(window, x, y, Int8.self)
  case .uint16, .int16: gather(window, x, y, Int16.self)
  case .uint32, .int32: gather(window, x, y, Int32.self)
  case .uint64, .int64: gather(window, x, y, Int64.self)
  }
  return true
}

private func gather<T: Arithmetic>(_ window: Window, _ x: Source, _ y: Target, _ type: T.Type) {
  let (kernel, positions, pixels) = (window.kernelCount, window.outputCount, window.inputCount)
  let from = x.elements(T.self), to = y.elements(T.self)
  to.update(repeating: .zero)
  let places = places(window)
  for plane in 0..<(pixels == 0 ? 0 : to.count / pixels) {
    for tap in 0..<kernel {
      for position in 0..<positions {
        let place = places[tap * positions + position]
        guard place >= 0 else { continue }
        let value = from[(plane * kernel + tap) * positions + position]
        to[plane * pixels + place] = T.plus(to[plane * pixels + place], value)
      }
    }
  }
}

/// The input element that each kernel position meets at each output position; -1 for padding.
private func places(_ window: Window) -> [Int] {
  var places = [0]
  for axis in 0..<window.rank {
    let length = window.input[axis], outputs = window.output[axis], taps = window.kernel[axis]
    let before = places.count
    let earlierOutputs = window.output[..<axis].reduce(1, *)
    var next = [Int](repeating: -1, count: before * taps * outputs)
    for index in 0..<before where places[index] >= 0 {
      let (tap, output) = (index / earlierOutputs, index % earlierOutputs)
      for k in 0..<taps {
        for o in 0..<outputs {
          let place =
            o * window.strides[axis] + k * window.dilations[axis] - window.padsBegin[axis]
          guard place >= 0, place < length else { continue }
          next[((tap * taps + k) * earlierOutputs + output) * outputs + o] =
            places[index] * length + place
        }
      }
    }
    places = next
  }
  return places
}
