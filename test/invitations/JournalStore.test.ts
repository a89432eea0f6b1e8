import { NodeServices } from "@effect/platform-node"
import * as Journal from "@polar-seats/invitations/Journal"
import * as JournalStore from "@polar-seats/invitations/JournalStore"
import { Layer } from "effect"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { laws } from "./journalLaws.ts"

const directory = mkdtempSync(join(tmpdir(), "polar-seats-store-"))
afterAll(() => rmSync(directory, { recursive: true }))

laws("memory", { layer: Journal.layerMemory, isLasting: false, isShared: false })

laws("key-value store in memory", {
  layer: Layer.provide(JournalStore.layer, KeyValueStore.layerMemory),
  isLasting: false,
  isShared: false
})

laws("key-value store of files", {
  layer: JournalStore.layer.pipe(
    Layer.provide(KeyValueStore.layerFileSystem(directory)),
    Layer.provide(NodeServices.layer)
  ),
  isLasting: true,
  isShared: false
})
