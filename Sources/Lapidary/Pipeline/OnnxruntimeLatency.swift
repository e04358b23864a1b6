internal import IR
internal import ONNXFile
internal import Platform
internal import Samples

/// How long onnxruntime takes, where a Python is there that has it: the one that `LAPIDARY_PYTHON` names,
/// else `python3`.
struct OnnxruntimeLatency: Sendable {
  /// Models of more bytes are not handed over.
  private static let mostBytes = 1 << 30

  private let python: String
  private let inputs: [String: Tensor]
  private let threads: Int

  /// - Parameters:
  ///   - inputs: one run's.
  ///   - threads: 0 for as many as onnxruntime takes by itself.
  init?(_ inputs: [String: Tensor], threads: Int) {
    python = Machine.environment("LAPIDARY_PYTHON") ?? "python3"
    self.inputs = inputs
    self.threads = threads
    guard !python.isEmpty,
      ChildProcess.output(python, ["-c", "import numpy, onnxruntime"]) != nil
    else { return nil }
  }

  /// The median time of a run in seconds; nil for a model that onnxruntime does not take.
  func median(of model: Model) -> Duration? {
    let found = blocks(of: [model], count: 7)?.first?.sorted()
    return found.map { .seconds($0[$0.count / 2]) }
  }

  /// The times of blocks of runs of several models, which take turns, so that what else the machine does
  /// concerns them alike.
  ///
  /// - Parameter count: how many blocks of each model.
  /// - Returns: for each model the median of each block, in seconds; nil where onnxruntime does not take one
  ///   of them.
  func blocks(of models: [Model], count: Int) -> [[Double]]? {
    guard models.allSatisfy({ ONNXFile.byteCount(of: $0) <= Self.mostBytes }),
      let folder = FileTree.makeTemporaryFolder()
    else { return nil }
    defer { FileTree.remove(folder) }
    let names = inputs.keys.sorted()
    do {
      for (place, model) in models.enumerated() {
        try ONNXFile.write(model, to: "\(folder)/\(place).onnx")
      }
      // Inputs may have any names; files are called by their places.
      for (place, name) in names.enumerated() {
        guard let tensor = inputs[name] else { continue }
        try NPY.write(tensor, to: "\(folder)/\(place).npy")
      }
    } catch { return nil }
    let numbers = [threads, models.count, count].map(String.init)
    let lines = ChildProcess.output(python, ["-c", Self.script, folder] + numbers + names)?
      .split(separator: "\n")
    let found = lines?.map { $0.split(separator: " ").compactMap { Double($0) } } ?? []
    guard found.count == models.count, found.allSatisfy({ $0.count == count }) else { return nil }
    return found
  }

  /// Warms up as `Trial` does not need to, since it ran the model before.
  private static let script = """
    import statistics, sys, time
    import numpy, onnxruntime
    folder, threads, models, blocks = sys.argv[1], *(int(text) for text in sys.argv[2:5])
    feeds = {name: numpy.load(f"{folder}/{place}.npy") for place, name in enumerate(sys.argv[5:])}

    def session(model):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(
            f"{folder}/{model}.onnx", options, providers=["CPUExecutionProvider"])

    def runs(session, seconds):
        times = []
        while not times or sum(times) < seconds:
            start = time.perf_counter()
            session.run(None, feeds)
            times.append(time.perf_counter() - start)
        return times

    sessions = [session(model) for model in range(models)]
    for one in sessions:
        runs(one, 0.1)
    medians = [[] for _ in sessions]
    for _ in range(blocks):
        for place, one in enumerate(sessions):
            medians[place].append(statistics.median(runs(one, 0.03)))
    for found in medians:
        print(*found)
    """
}
