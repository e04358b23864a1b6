/// Nodes of an acyclic graph in layers, long edges cut into steps from layer to layer by dummies, which
/// are numbered behind the nodes.
struct Layering {
  /// The layer of each node and dummy.
  private(set) var layerOf: [Int]
  /// Nodes and dummies of each layer, from the left.
  private(set) var layers: [[Int]] = []
  /// For each edge the nodes and dummies that it passes, ends included.
  private(set) var paths: [[Int]] = []
  /// For each node and dummy its neighbours one layer up.
  private(set) var above: [[Int]] = []
  /// For each node and dummy its neighbours one layer down.
  private(set) var below: [[Int]] = []

  init(count: Int, edges: [(from: Int, to: Int)]) {
    layerOf = Self.longestPaths(count, edges)
    var total = count
    for edge in edges {
      var path = [edge.from]
      let (top, bottom) = (layerOf[edge.from], layerOf[edge.to])
      for layer in top + 1..<max(top + 1, bottom) {
        layerOf.append(layer)
        path.append(total)
        total += 1
      }
      paths.append(path + [edge.to])
    }
    above = Array(repeating: [], count: total)
    below = Array(repeating: [], count: total)
    for path in paths {
      for (upper, lower) in zip(path, path.dropFirst()) {
        above[lower].append(upper)
        below[upper].append(lower)
      }
    }
    layers = Array(repeating: [], count: (layerOf.max() ?? 0) + 1)
    for node in firstOrder(count) { layers[layerOf[node]].append(node) }
  }

  /// Each node as far down as its producers ask, those without any right above their first reader.
  private static func longestPaths(_ count: Int, _ edges: [(from: Int, to: Int)]) -> [Int] {
    var readers = [[Int]](repeating: [], count: count)
    var waiting = [Int](repeating: 0, count: count)
    for edge in edges {
      readers[edge.from].append(edge.to)
      waiting[edge.to] += 1
    }
    let sources = Set(waiting.indices.filter { waiting[$0] == 0 })
    var layer = [Int](repeating: 0, count: count)
    var queue = waiting.indices.filter { waiting[$0] == 0 }
    var next = 0
    while next < queue.count {
      let node = queue[next]
      next += 1
      for reader in readers[node] {
        layer[reader] = max(layer[reader], layer[node] + 1)
        waiting[reader] -= 1
        if waiting[reader] == 0 { queue.append(reader) }
      }
    }
    for node in sources {
      if let first = readers[node].map({ layer[$0] }).min() { layer[node] = max(0, first - 1) }
    }
    return layer
  }

  /// Depth first from the top, so that what belongs together begins together.
  private func firstOrder(_ count: Int) -> [Int] {
    var isSeen = [Bool](repeating: false, count: layerOf.count)
    var found: [Int] = []
    for start in layerOf.indices.sorted(by: { (layerOf[$0], $0) < (layerOf[$1], $1) }) {
      var stack = [start]
      while let node = stack.popLast() {
        guard !isSeen[node] else { continue }
        isSeen[node] = true
        found.append(node)
        stack += below[node].reversed()
      }
    }
    return found
  }

  /// Orders each layer by the mean places of its neighbours, downwards and upwards in turn, and keeps
  /// the order with the fewest crossings.
  mutating func order(sweeps: Int) {
    var place = [Int](repeating: 0, count: layerOf.count)
    func note(_ layers: [[Int]]) {
      for layer in layers { for (index, node) in layer.enumerated() { place[node] = index } }
    }
    note(layers)
    var best = layers
    var fewest = crossings(place)
    for sweep in 0..<sweeps where fewest > 0 {
      let isDown = sweep % 2 == 0
      for index in isDown ? Array(layers.indices) : layers.indices.reversed() {
        let keys = layers[index].map { node -> (key: Double, old: Int, node: Int) in
          let ends = isDown ? above[node] : below[node]
          let key =
            ends.isEmpty
            ? Double(place[node]) : Double(ends.reduce(0) { $0 + place[$1] }) / Double(ends.count)
          return (key, place[node], node)
        }
        layers[index] = keys.sorted { ($0.key, $0.old) < ($1.key, $1.old) }.map(\.node)
        for (position, node) in layers[index].enumerated() { place[node] = position }
      }
      let found = crossings(place)
      if found < fewest { (best, fewest) = (layers, found) }
    }
    layers = best
  }

  /// Pairs of edges between neighbouring layers that cross.
  private func crossings(_ place: [Int]) -> Int {
    var count = 0
    for layer in layers {
      var ends: [Int] = []
      for node in layer { ends += below[node].map { place[$0] }.sorted() }
      // Inversions, of lists that are short.
      for (index, end) in ends.enumerated() {
        for other in ends[..<index] where other > end { count += 1 }
      }
    }
    return count
  }
}
