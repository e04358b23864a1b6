internal import IR
internal import Operators
internal import Samples

/// What each channel of values was, along their last axis: its largest magnitude and its mean square.
final class ChannelSpread: Observer {
  let values: Set<ValueID>
  private(set) var peaks: [ValueID: [Double]] = [:]
  private var sums: [ValueID: [Double]] = [:]
  private var counts: [ValueID: Double] = [:]

  init(_ values: Set<ValueID>) { self.values = values }

  func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float, let channels = view.shape.last, channels > 0 else { return }
    var peaks = self.peaks[value] ?? [Double](repeating: 0, count: channels)
    var sums = self.sums[value] ?? [Double](repeating: 0, count: channels)
    guard peaks.count == channels else { return }
    let elements = view.elements(Float.self)
    for start in stride(from: 0, to: elements.count, by: channels) {
      for channel in 0..<channels {
        let element = Double(elements[start + channel].magnitude)
        guard element.isFinite else { continue }
        peaks[channel] = max(peaks[channel], element)
        sums[channel] += element * element
      }
    }
    self.peaks[value] = peaks
    self.sums[value] = sums
    counts[value, default: 0] += Double(elements.count / channels)
  }

  /// The mean square of each channel of a value.
  func squares(_ value: ValueID) -> [Double] {
    let count = max(1, counts[value] ?? 0)
    return (sums[value] ?? []).map { $0 / count }
  }
}
