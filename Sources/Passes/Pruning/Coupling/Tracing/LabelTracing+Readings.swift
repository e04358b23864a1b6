internal import IR
internal import Operators

extension LabelTracing {
  /// The output axes on which labels can be read: those whose slices hold different ones.
  func readings(
    _ labels: UnsafeBufferPointer<Int64>, _ dimensions: [Int], present: [Bool], from: Axis,
    output: Int
  ) -> [TracedLink] {
    guard let declared = outputs[output].shape, declared.rank == dimensions.count else { return [] }
    let presentCount = present.count { $0 }
    guard presentCount > 0 else { return [] }
    var links: [TracedLink] = []
    for axis in dimensions.indices {
      let slices = AxisSpan(dimensions, axis: axis)
      // An axis that was shrunk for tracing passes by itself.
      guard slices.length > 1, declared[axis].value == slices.length else { continue }
      var pairs: [(label: Int, index: Int)] = []
      var mixed: [Int] = []
      var sets = UnionFind(count: present.count)
      var classes = presentCount
      // The slice in which a label was last met.
      var met = [Int](repeating: -1, count: present.count)
      for slice in 0..<slices.length where classes > 1 {
        var found: [Int] = []
        var creates = false
        slices.forEach(slice, in: labels) { label in
          guard label >= 0, label < present.count else {
            creates = true
            return
          }
          if met[Int(label)] != slice {
            met[Int(label)] = slice
            found.append(Int(label))
          }
        }
        found.sort()
        for label in found {
          pairs.append((label, slice))
          if sets.unite(found[0], label) != nil { classes -= 1 }
        }
        if creates, !found.isEmpty { mixed.append(slice) }
      }
      // One class: every slice holds every label, so this axis is another one's.
      if classes > 1 {
        links.append(
          TracedLink(
            from: from, to: Axis(.output(output), axis), pairs: pairs, mixed: mixed,
            classes: classes))
      }
    }
    return links
  }
}
