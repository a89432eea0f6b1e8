import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Latch from "effect/Latch"
import { assign, isListDue, leave, openChosen, openSource, readList, render } from "./actions.ts"
import * as demoTeam from "./demoTeam.ts"
import { announce, onPress, setBusy } from "./dom.ts"
import * as emulatorClient from "./emulatorClient.ts"
import { now, setTime } from "./polarRuntime.ts"
import { busy, state } from "./state.ts"
import type { Note } from "./text.ts"
import * as view from "./view.ts"

const run = <A, E>(
  effect: Effect.Effect<A, E, HttpClient.HttpClient>,
  ended: { readonly onSuccess: (value: A) => void; readonly onFailure: (error: E) => void }
) => void Effect.runFork(Effect.provide(Effect.match(effect, ended), FetchHttpClient.layer))

const poll = Effect.gen(function* () {
  const [emulator, mails] = yield* Effect.all([emulatorClient.readState, emulatorClient.readOutbox], { concurrency: 2 })
  const isFirst = state.emulator === undefined
  state.emulator = emulator
  state.mails = mails
  setTime(emulator.now)
  if (isFirst && state.session === undefined && emulator.sold.some(({ id }) => id === demoTeam.source.id)) {
    openSource(demoTeam.source, demoTeam.session)
  }
  // A list counts against the rate limit, so it is read only if it may have changed, or a countdown is over
  const until = state.listNote?.until
  if (until === undefined ? isListDue() : until <= emulator.now) readList()
})

const unreachable: Note = {
  tone: "failed",
  text: "The emulator does not answer. Check that it still runs: this page keeps trying."
}
let isLost = false
const setLost = (next: boolean) => {
  if (next !== isLost) announce(next ? unreachable.text : "The emulator answers again.")
  isLost = next
  view.lostNote.update(next ? unreachable : undefined, now())
}

const visible = Latch.makeUnsafe(!document.hidden)
document.addEventListener("visibilitychange", () =>
  document.hidden ? Latch.closeUnsafe(visible) : Latch.openUnsafe(visible)
)

const tick = Effect.match(poll, { onSuccess: () => setLost(false), onFailure: () => setLost(true) }).pipe(
  Effect.andThen(Effect.sync(render))
)
run(Effect.forever(Effect.andThen(Latch.await(visible), Effect.andThen(tick, Effect.sleep("1 second")))), {
  onSuccess: () => undefined,
  onFailure: () => undefined
})

const askToReplace = (isAsking: boolean) => {
  view.seedQuestion.hidden = !isAsking
  view.seedButton.hidden = isAsking
  if (isAsking) view.keepButton.focus()
  else view.seedButton.focus()
}

const loadDemo = () => {
  view.seedQuestion.hidden = true
  view.seedButton.hidden = false
  setBusy(view.seedButton, true, "Loading…")
  const end = (announceResult: () => void) => {
    setBusy(view.seedButton, false, "Load the demo team")
    announceResult()
  }
  // A seed sets the emulator's clock to the time of the machine
  run(Effect.andThen(emulatorClient.seed(demoTeam.makeWorld(Date.now())), poll), {
    onSuccess: () =>
      end(() => {
        openSource(demoTeam.source, demoTeam.session)
        announce("The demo team is loaded.")
        view.seatsTitle.focus()
      }),
    onFailure: () => end(() => announce("The demo team could not be loaded. Check that the emulator still runs."))
  })
}

onPress(view.seedButton, () => (state.emulator?.sold.length === 0 ? loadDemo() : askToReplace(true)))
onPress(view.keepButton, () => askToReplace(false))
onPress(view.replaceButton, loadDemo)
view.seedQuestion.addEventListener("keydown", ({ key }) => key === "Escape" && askToReplace(false))
onPress(view.leaveButton, leave)
for (const [form, submit] of [
  [view.openForm, openChosen],
  [view.assignForm, assign]
] as const) {
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    submit()
  })
}

window.addEventListener("beforeunload", (event) => {
  if (busy.size > 0) event.preventDefault()
})
