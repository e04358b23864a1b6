internal import Execution
internal import IR
internal import Operators
internal import Samples

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
  private struct Place: Hashable {
    let value: ValueID
    let axis: Int
  }

  private var sums: [Place: [ChannelSums]] = [:]

  /// Runs a model on samples.
  ///
  /// - Parameters:
  ///   - readings: the values and axes to observe.
  ///   - progress: called after each batch.
  init(
    _ readings: [ActivationReading], of model: Model, on samples: SampleRun,
    _ options: SessionOptions, progress: (WorkProgress) -> Void
  ) throws(ModelError) {
    var points: [Place: ChannelPoint] = [:]
    for reading in readings {
      let place = Place(value: reading.value, axis: reading.axis)
      guard points[place] == nil else { continue }
      points[place] = ChannelPoint(
        value: reading.value, axis: reading.axis, length: reading.slots.count)
    }
    let observer = ChannelObserver(Array(points.values))
    let session = try Session(model, options: options)
    guard try samples.observe(session, by: [observer], progress: progress) > 0 else { return }
    sums = points.compactMapValues { observer.sums[$0] }
  }

  /// Sums over the channels of a value; nil when it was not observed.
  func channels(_ value: ValueID, axis: Int) -> [ChannelSums]? {
    sums[Place(value: value, axis: axis)]
  }
}

extension ChannelSums {
  /// What the sums say of a channel.
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

/// An activation that a weight is multiplied with, along the axis that is summed over.
struct ActivationReading {
  /// The node that multiplies; nil where that does not matter.
  var node: NodeID?
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
              ActivationReading(
                node: role.node, value: value, axis: axis, slots: slots, weightNorms: norms))
          } else if slots.count == role.slots.count,
            zip(slots, role.slots).allSatisfy({ atom($0) == atom($1) })
          {
            readings.append(
              ActivationReading(
                node: role.node, value: value, axis: axis, slots: slots, weightNorms: norms))
          }
        }
      }
    }
    return readings
  }
}
