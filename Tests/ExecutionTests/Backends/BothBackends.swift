import Execution
import IR
import Samples
import TestSupport

/// Who computes in tests that ask both.
let bothBackends: [BackendChoice] = [.accelerated, .reference]

/// The largest difference between the backends' outputs, relative to each one's largest magnitude.
func difference(_ model: Model, _ inputs: [String: Tensor]) throws -> Double {
  let a = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
  let b = try Session(model).run(inputs)
  var worst = 0.0
  for (name, reference) in a {
    guard let candidate = b[name] else { throw ModelError(.request, "no output '\(name)'") }
    worst = max(worst, try Comparison(reference: reference, candidate: candidate).maxRelative)
  }
  return worst
}

/// The steps that a session runs.
func steps(_ model: Model, _ inputs: [String: Tensor]) throws -> [String] {
  try Session(model).profile(inputs, runs: 1).map(\.name).sorted()
}
