internal import Execution
internal import IR
internal import Samples

/// What layers see of the channels that they read, from one run of the model: layers that read the same
/// share it.
struct ReaderViews {
  private let seen: [LayerReading.Place: SeenChannels]
  /// By the product.
  private let operands: [NodeID: (left: SeenChannels, right: SeenChannels)]

  init(
    _ layers: [LayerReading], _ products: [ProductReading] = [], in model: Model,
    on samples: SampleRun, _ options: SessionOptions,
    progress: (WorkProgress) -> Void = { _ in }
  ) throws(ModelError) {
    let points = Dictionary(grouping: layers, by: \.place).mapValues { $0[0].point }
    func observer(_ points: [GramPoint]) -> GramObserver {
      GramObserver(
        points, rows: GramObserver.usualRows, batches: samples.batches, by: options.columnProduct)
    }
    let own = observer(Array(points.values))
    // Sums are kept by node: the two operands of a product go to two observers.
    let left = observer(products.map { $0.point($0.left) })
    let right = observer(products.map { $0.point($0.right) })
    try samples.observe(
      try Session(model, options: options), by: [own, left, right], progress: progress)
    seen = points.compactMapValues { point in
      own.take(point.node)?.first.flatMap { SeenChannels($0) }
    }
    var operands: [NodeID: (SeenChannels, SeenChannels)] = [:]
    for product in products {
      guard let a = left.take(product.node)?.first.flatMap({ SeenChannels($0) }),
        let b = right.take(product.node)?.first.flatMap({ SeenChannels($0) })
      else { continue }
      operands[product.node] = (a, b)
    }
    self.operands = operands
  }

  /// What a layer sees; nil where nothing varied.
  subscript(layer: LayerReading) -> SeenChannels? {
    seen[layer.place].flatMap { $0.count == layer.atoms.count ? $0 : nil }
  }

  /// What a product sees of its operands.
  subscript(product: ProductReading) -> (left: SeenChannels, right: SeenChannels)? {
    operands[product.node].flatMap { found in
      let count = product.atoms.count
      return found.left.count == count && found.right.count == count ? found : nil
    }
  }
}
