public import IR

/// What is tuned: a model with parameters of floats, and how a finished model follows from these.
public struct Trainee: Sendable {
  /// What a parameter has to keep to, beside its shape.
  package struct Rule: Sendable {
    /// What its elements may be.
    package var range: ClosedRange<Float>
    /// How far one step may move an element.
    package var reach: Float
    /// Whether zeros of a weight with many of them stay.
    package var keepsZeros: Bool

    package init(
      range: ClosedRange<Float> = -Float.infinity...Float.infinity, reach: Float = .infinity,
      keepsZeros: Bool = true
    ) {
      self.range = range
      self.reach = reach
      self.keepsZeros = keepsZeros
    }

    /// An element after a step, from what it was before and where the step led.
    func bounded(_ new: Float, from old: Float) -> Float {
      let near = min(max(new, old - reach), old + reach)
      return min(max(near, range.lowerBound), range.upperBound)
    }

    /// Whether there is anything that a step has to keep to.
    var binds: Bool { reach < .infinity || range != -Float.infinity...Float.infinity }
  }

  /// Makes a finished model of the parameters' elements.
  package typealias Finish =
    @Sendable (_ elements: [ValueID: [Float]]) throws(ModelError) -> Model

  /// What is written where nothing was learnt.
  package let given: Model
  /// What learns: it computes what the finished model does, and its parameters are initializers.
  package let model: Model
  /// The parameters; nil for all trained weights.
  package let parameters: [ValueID]?
  package let rules: [ValueID: Rule]
  /// Nil where the parameters are the given model's own weights.
  package let finish: Finish?
  /// What a reader should know, a line each.
  package let notes: [String]

  /// A model whose own weights learn.
  public init(_ model: Model) {
    given = model
    self.model = model
    parameters = nil
    rules = [:]
    finish = nil
    notes = []
  }

  /// A model that another one learns for.
  package init(
    _ given: Model, learning model: Model, parameters: [ValueID], rules: [ValueID: Rule],
    notes: [String], finish: @escaping Finish
  ) {
    self.given = given
    self.model = model
    self.parameters = parameters
    self.rules = rules
    self.finish = finish
    self.notes = notes
  }

  /// The model with the parameters' elements in it.
  package func finished(_ elements: [ValueID: [Float]]) throws(ModelError) -> Model {
    if let finish { return try finish(elements) }
    var model = given
    for (value, numbers) in elements {
      guard let old = model.graph[value].initializer else { continue }
      var tensor = Tensor(floats: numbers, old.dimensions)
      tensor.name = old.name
      model.graph.setInitializer(value, tensor)
    }
    return model
  }
}
