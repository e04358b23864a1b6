internal import Execution
internal import IR
internal import Operators

/// What a channel's activation is measured by.
public enum ActivationMeasure: String, Sendable, CaseIterable {
  /// The mean magnitude.
  case mean
  /// The variance.
  case variance
  /// The fraction of elements that are not zero (one minus APoZ, the average percentage of zeros).
  case apoz
  /// The L2 norm, times the magnitude of the weights that read the channel (Wanda).
  case wanda
}

/// Sums over the elements of each channel that weights read, from calibration data.
struct ActivationStatistics: Sendable {
  /// Sums over one channel.
  struct Channel: Sendable {
    var count = 0
    var sum = 0.0
    var magnitude = 0.0
    var square = 0.0
    var zeros = 0

    func score(_ measure: ActivationMeasure) -> Double {
      let n = Double(max(count, 1))
      switch measure {
      case .mean: return magnitude / n
      case .variance: return max(0, square / n - (sum / n) * (sum / n))
      case .apoz: return 1 - Double(zeros) / n
      case .wanda: return square.squareRoot()
      }
    }
  }

  private struct Place: Hashable {
    let value: ValueID
    let axis: Int
  }

  private var sums: [Place: [Channel]] = [:]
  private var axes: [ValueID: [Int]] = [:]
  /// The number of batches that were taken in.
  private(set) var batches = 0

  /// - Parameter readings: the values and axes to observe.
  init(_ readings: [ActivationReading]) {
    for reading in readings {
      let place = Place(value: reading.value, axis: reading.axis)
      guard sums[place] == nil else { continue }
      sums[place] = Array(repeating: Channel(), count: reading.slots.count)
      axes[reading.value, default: []].append(reading.axis)
    }
  }

  /// Sums over the channels of a value; nil when it was not observed.
  func channels(_ value: ValueID, axis: Int) -> [Channel]? {
    batches > 0 ? sums[Place(value: value, axis: axis)] : nil
  }

  /// Takes in one batch.
  mutating func add(_ inputs: [String: Tensor], _ session: Session) throws(ModelError) {
    var sums = self.sums
    self.sums = [:]
    let axes = self.axes
    _ = try session.run(inputs, observing: Set(axes.keys)) { value, view throws(ModelError) in
      guard view.elementType == .float else { return }
      let elements = view.elements(Float.self)
      for axis in axes[value] ?? [] where axis < view.shape.count {
        let place = Place(value: value, axis: axis)
        let span = AxisSpan(view.shape, axis: axis)
        guard sums[place]?.count == span.length else { continue }
        for block in 0..<span.outer {
          for channel in 0..<span.length {
            let start = span.start(block: block, index: channel)
            sums[place]?[channel].add(elements, start, span.inner)
          }
        }
      }
    }
    self.sums = sums
    batches += 1
  }
}

extension ActivationStatistics.Channel {
  fileprivate mutating func add(
    _ elements: UnsafeBufferPointer<Float>, _ start: Int, _ length: Int
  ) {
    for index in start..<start + length {
      let x = Double(elements[index])
      sum += x
      magnitude += abs(x)
      square += x * x
      if x == 0 { zeros += 1 }
    }
    count += length
  }
}

/// An activation that a weight is multiplied with, along the axis that is summed over.
struct ActivationReading {
  let value: ValueID
  let axis: Int
  let slots: Range<Int>
  /// The sum of magnitudes of the weight's slice for each channel; nil where no constant reads it.
  let weightNorms: [Double]?
}

extension Coupling {
  /// The activations behind all consumers.
  func activationReadings() -> [ActivationReading] {
    var readings: [ActivationReading] = []
    for role in consumers {
      let inputs = facts.inputs(role.node)
      let norms = facts.weight(role.node, role.axis.port)?
        .measures(.magnitude, .axis(role.axis.axis))
      let grouped = groupedColumns.first { $0.node == role.node && $0.axis == role.axis }
      for slot in facts.graph[role.node].inputs.indices {
        guard let value = facts.graph[role.node].inputs[slot],
          !facts.hasWeight(role.node, .input(slot)), let rank = inputs.rank(slot)
        else { continue }
        for axis in 0..<rank {
          guard let slots = space.slots(facts.graph, role.node, Axis(.input(slot), axis)) else {
            continue
          }
          if let grouped {
            guard grouped.channels == slots else { continue }
            let norms = facts.weight(role.node, role.axis.port)?
              .measures(.magnitude, .columns(groups: grouped.groups))
            readings.append(
              ActivationReading(value: value, axis: axis, slots: slots, weightNorms: norms))
          } else if slots.count == role.slots.count,
            zip(slots, role.slots).allSatisfy({ atom($0) == atom($1) })
          {
            readings.append(
              ActivationReading(value: value, axis: axis, slots: slots, weightNorms: norms))
          }
        }
      }
    }
    return readings
  }
}
