// Tests run models on the accelerated backend where they do not say otherwise, as users of the library
// do.
@_exported public import Lapidary
