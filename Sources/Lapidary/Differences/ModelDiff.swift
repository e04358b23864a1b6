public import IR
public import Reports

/// Compares two models as a reviewer does: exactly at first, and where they differ, by layers: with
/// quantization taken out of the one that has it and with folded weights, so that what is left is what
/// was done to each layer.
public struct ModelDiff: Sendable {
  /// What counts as a difference.
  public var options = DiffOptions()
  /// What models may be spelled differently in.
  public var modulo: Set<Modulo> = []

  /// Weights that were folded from the same ones lie no further apart than this, in dB.
  private static let foldedSignal = 90.0

  /// A comparison with the usual options.
  public init(_ options: DiffOptions = DiffOptions(), modulo: Set<Modulo> = []) {
    self.options = options
    self.modulo = modulo
  }

  /// Compares.
  ///
  /// - Throws: `ModelError` where a model cannot be brought into the form that `modulo` asks for.
  public func compare(_ a: Model, _ b: Model) throws(ModelError) -> DiffReport {
    guard !modulo.isEmpty else { return byLayer(a, b, options) }
    let first = byLayer(a, b, options)
    guard first.differs else { return first }
    var options = options
    if modulo.contains(.fold), options.weightTolerance == nil {
      options.weightTolerance = .sqnr(Self.foldedSignal)
    }
    let isByShape = modulo.contains(.shapes)
    // What is said of the interface is said of the models as they are.
    let interface = isByShape ? (Modulo.stated(a), Modulo.stated(b)) : (a, b)
    func fewer(_ forms: (Model, Model), _ first: DiffReport) -> DiffReport {
      let second = byLayer(forms.0, forms.1, options, interface: interface)
      return second.failing.count <= first.failing.count ? second : first
    }
    let (x, y) = isByShape ? Modulo.bound(a, b) : (a, b)
    let forms = try Modulo.canonical(x, y, modulo)
    let found = fewer(forms, first)
    guard found.failing.contains(where: { Self.structure.contains($0.kind) }),
      let spread = try Modulo.spread(forms, modulo)
    else { return found }
    return fewer(spread, found)
  }

  /// The kinds of difference that a view by layers can say in fewer words.
  private static let structure: Set<DiffHunk.Kind> = [
    .inserted, .removed, .rewired, .shape, .weight, .elementType,
  ]

  private func byLayer(
    _ a: Model, _ b: Model, _ options: DiffOptions, interface: (a: Model, b: Model)? = nil
  ) -> DiffReport {
    let exact = diff(a, b, views: nil, interface: interface, options: options)
    guard exact.hunks.contains(where: { Self.structure.contains($0.kind) }) else { return exact }
    let viewed = diff(a, b, views: Self.views(a, b), interface: interface, options: options)
    let isTelling = viewed.failing.contains { $0.kind == .channels || $0.kind == .folded }
    let better =
      viewed.shownCount < exact.shownCount
        || isTelling && viewed.shownCount == exact.shownCount ? viewed : exact
    // Whoever asks for some kinds alone is told of nodes as they are.
    guard options.failOn == DiffOptions().failOn, Self.isCompressed(viewed),
      better.failing.contains(where: { $0.kind == .removed || $0.kind == .inserted }),
      let settled = settled(a, b, options, interface), settled.shownCount < better.shownCount
    else { return better }
    return settled
  }

  /// Whether something was done to layers; models that are only spelled differently are shown as they are.
  private static func isCompressed(_ report: DiffReport) -> Bool {
    report.failing.contains {
      if case .divided = $0.change { return true }
      return $0.kind == .channels || $0.kind == .quantized
    }
  }

  /// What differs once what follows from constants and shapes is computed in both models, with what was
  /// computed as one difference; nil where nothing is.
  private func settled(
    _ a: Model, _ b: Model, _ options: DiffOptions, _ interface: (a: Model, b: Model)?
  ) -> DiffReport? {
    guard
      let forms = try? Modulo.canonical(a, b, [.constants, .identity, .shapes], respells: false)
    else { return nil }
    let gone = (
      max(0, a.graph.nodeCount - forms.0.graph.nodeCount),
      max(0, b.graph.nodeCount - forms.1.graph.nodeCount)
    )
    guard gone.0 != gone.1 else { return nil }
    let views = Self.views(forms.0, forms.1)
    var report = diff(a, b, views: views, interface: interface, options: options)
    report.note(computed: gone, options)
    return report
  }

  /// Both models as they are compared by layers.
  static func views(_ a: Model, _ b: Model) -> (ModelView, ModelView) {
    let quantized = (
      ModelView(dequantizing: a, isFirst: true), ModelView(dequantizing: b, isFirst: false)
    )
    var views = (ModelView(a), ModelView(b))
    // Where both are quantized, their scales are compared like all other constants.
    if quantized.0 == nil || quantized.1 == nil {
      views = (quantized.0 ?? views.0, quantized.1 ?? views.1)
    }
    let isDivided = ModelView.multiplyOut(&views.0, &views.1)
    // Sums of integers get their biases in numbers, behind the layer.
    if views.0.hasOpenSums || views.1.hasOpenSums {
      views.0.join()
      views.1.join()
    }
    var folded = views
    let counts = (folded.0.fold(), folded.1.fold())
    guard counts.0 == counts.1 else { return folded }
    // The second part of a layer has its bias, where the whole one has a normalisation behind it.
    guard isDivided else { return views }
    (folded.0.notes, folded.1.notes) = (views.0.notes, views.1.notes)
    return folded
  }
}
