// The library's public surface: one import gives models, files, sessions, passes and reports.
@_exported public import Executor
@_exported public import IR
@_exported public import Inspection
@_exported public import ONNXFile
@_exported public import Passes
