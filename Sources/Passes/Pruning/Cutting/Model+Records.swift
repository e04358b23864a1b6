internal import IR
internal import Operators

extension Model {
  /// Writes beside each layer which of its channels stayed, so that a comparison can name them where later
  /// stages change the weights beyond recognition.
  mutating func recordChannels(_ plan: PruningPlan) {
    for group in plan.groups where group.kept < group.channels {
      for slice in group.producers where slice.kept.count == 1 {
        guard let value = graph.value(named: slice.result ?? slice.weight),
          (graph[value].initializer?.dimensions.count ?? 0) > 1
        else { continue }
        let record = ChannelRecord(length: slice.length, kept: slice.kept[0])
        for reader in Set(graph[value].uses.compactMap(\.node)).sorted() {
          record.write(to: &graph[reader].metadata)
        }
      }
    }
  }
}
