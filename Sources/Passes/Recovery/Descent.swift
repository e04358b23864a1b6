internal import IR
internal import Operators

/// A model that was made smaller, and the one that it comes from: what each value should be.
///
/// Values correspond by name. Where channels were removed, a value has some of the other's.
struct Descent: Sendable {
  let student: Model
  let teacher: Model
  /// What is known of the student's nodes and values; of a cut model, as they were before the cut.
  let facts: TypedGraph
  /// The cut; nil where all channels are left.
  private let surgery: Surgery?

  /// A cut model.
  ///
  /// - Parameter teacher: the model that was cut, or the one that this comes from in turn.
  init(_ cut: Pruner.Result, from teacher: Model) {
    student = cut.model
    self.teacher = teacher
    surgery = cut.surgery
    facts = cut.surgery.coupling.facts
  }

  /// A model of which nodes went, and no channels.
  init(_ student: Model, from teacher: Model) throws(ModelError) {
    self.student = student
    self.teacher = teacher
    surgery = nil
    facts = try inferTypes(student)
  }

  /// The teacher's value that one of the student's is to come close to; nil where there is none.
  func counterpart(of value: ValueID) -> ValueID? {
    let name = student.graph[value].name
    return teacher.graph.value(named: name).flatMap {
      teacher.graph[$0].producer == nil ? nil : $0
    }
  }

  /// The indices that are left along an axis of a node's operand; nil for all.
  func kept(_ node: NodeID, _ axis: Axis) -> [Int]? { surgery?.kept(node, axis) }

  /// The indices that are left along an axis of a value; nil for all.
  func kept(_ value: ValueID, _ axis: Int) -> [Int]? { surgery?.kept(value, axis) }

  /// The indices that are left along each axis of a value; nil where nothing made it.
  func kept(of value: ValueID, rank: Int) -> [Int: [Int]]? {
    guard let surgery, let producer = student.graph[value].producer,
      let slot = student.graph[producer].outputs.firstIndex(of: value)
    else { return nil }
    var kept: [Int: [Int]] = [:]
    for axis in 0..<rank { kept[axis] = surgery.kept(producer, Axis(.output(slot), axis)) }
    return kept
  }
}
