internal import Execution
internal import IR

/// Which slices of a weight are measured.
enum SliceForm: Hashable {
  /// Those along an axis.
  case axis(Int)
  /// The columns of a grouped convolution's weight, each for the channel that it serves in its
  /// group: channel g·n + j reads column j in the rows of group g.
  case columns(groups: Int)
}

/// Slices of a weight that somebody wants measured.
struct SliceReading {
  let weight: Tensor
  let form: SliceForm
}

extension Tensor {
  /// The measure of each slice; nil for tensors without numbers.
  func measures(_ measure: SliceMeasure, _ form: SliceForm) -> [Double]? {
    [SliceReading(weight: self, form: form)].measures(measure).first ?? nil
  }
}

/// Tells weights apart by their elements.
private struct WeightKey: Hashable {
  let storage: ObjectIdentifier
  let type: ElementType
}

extension [SliceReading] {
  /// So many bytes of weights are looked at together; then their pages are let go.
  private static let batch = 64 << 20
  /// So many elements are worth a thread's while.
  private static let grain = 1 << 17

  /// The measures of the slices of each reading; nil for tensors without numbers.
  ///
  /// Every slice is measured by one thread, element after element, so that the result does not
  /// depend on their number.
  func measures(_ measure: SliceMeasure) -> [[Double]?] {
    var results: [[Double]?] = Array<[Double]?>(repeating: nil, count: count)
    var jobs: [Job] = []
    var bytes = 0
    for places in placesByWeight {
      guard let floats = self[places[0]].weight.floatStorage else { continue }
      for place in places {
        guard let layout = SliceLayout(self[place].weight.dimensions, self[place].form),
          layout.count * layout.elementsInSlice * MemoryLayout<Float>.size <= floats.count
        else { continue }
        jobs.append(Job(place: place, floats: floats, layout: layout))
      }
      bytes += floats.count
      guard bytes >= Self.batch else { continue }
      run(jobs, measure, &results)
      jobs = []
      bytes = 0
    }
    run(jobs, measure, &results)
    return results
  }

  /// A reading whose weight is at hand.
  private struct Job {
    let place: Int
    let floats: Storage
    let layout: SliceLayout
  }

  /// The positions of the readings of each weight, so that it is looked at while it is in the cache.
  private var placesByWeight: [[Int]] {
    var numbers: [WeightKey: Int] = [:]
    var places: [[Int]] = []
    for (place, reading) in enumerated() {
      guard let storage = reading.weight.storage else { continue }
      let weight = WeightKey(storage: ObjectIdentifier(storage), type: reading.weight.elementType)
      let number = numbers[weight] ?? places.count
      if number == places.count {
        numbers[weight] = number
        places.append([])
      }
      places[number].append(place)
    }
    return places
  }

  /// Measures on several threads, each taking some slices of one weight at a time.
  private func run(_ jobs: [Job], _ measure: SliceMeasure, _ results: inout [[Double]?]) {
    var parts: [(job: Int, slices: Range<Int>)] = []
    var starts: [Int] = []
    var total = 0
    for (number, job) in jobs.enumerated() {
      starts.append(total)
      total += job.layout.count
      let step = Swift.max(1, Self.grain / Swift.max(1, job.layout.elementsInSlice))
      for first in stride(from: 0, to: job.layout.count, by: step) {
        parts.append((number, first..<Swift.min(first + step, job.layout.count)))
      }
    }
    let measured = [Double](unsafeUninitializedCapacity: total) { target, initialized in
      target.initialize(repeating: 0)
      guard let target = target.baseAddress else { return }
      shareOut(parts.count, grain: 1) { range in
        for part in parts[range] {
          let job = jobs[part.job]
          job.floats.withUnsafeBytes {
            measure.add($0, job.layout, part.slices, to: target + starts[part.job])
          }
        }
      }
      initialized = total
    }
    for (job, start) in zip(jobs, starts) {
      results[job.place] = Array<Double>(measured[start..<start + job.layout.count])
      self[job.place].weight.storage?.releasePages()
    }
  }
}

extension Tensor {
  /// The elements as `Float` in memory, at any address; nil for tensors without numbers.
  var floatStorage: Storage? {
    guard elementType == .float, let storage else {
      return (floats ?? integers?.map { Float($0) }).map { Storage($0) }
    }
    guard storage.count == count * MemoryLayout<Float>.size else { return nil }
    return storage.isComputed ? storage.aligned(to: 4) : storage
  }
}
