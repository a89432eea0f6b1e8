import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Latch from "effect/Latch"
import { assign, isListDue, leave, openChosen, openSource, readList, render } from "./actions.ts"
import * as demoTeam from "./demoTeam.ts"
import { announce, el, makeConfirmation, onPress, setBusy } from "./dom.ts"
import * as emulatorClient from "./emulatorClient.ts"
import { now, setTime } from "./polarRuntime.ts"
import { busy, state } from "./state.ts"
import type { Note } from "./text.ts"
import * as view from "./view.ts"

const run = (effect: Effect.Effect<void, never, HttpClient.HttpClient>) =>
  Effect.runFork(Effect.provide(effect, FetchHttpClient.layer))

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
run(Effect.forever(Effect.andThen(Latch.await(visible), Effect.andThen(tick, Effect.sleep("1 second")))))

const loadDemo = () => {
  setBusy(view.seedButton, true, "Loading…")
  const end = () => setBusy(view.seedButton, false, "Load the demo team")
  // A seed sets the emulator's clock to the time of the machine
  const load = Effect.andThen(emulatorClient.seed(demoTeam.world), poll)
  run(
    Effect.match(load, {
      onSuccess: () => {
        end()
        openSource(demoTeam.source, demoTeam.session)
        announce("The demo team is loaded.")
        view.seatsTitle.focus()
      },
      onFailure: () => {
        end()
        announce("The demo team could not be loaded. Check that the emulator still runs.")
      }
    })
  )
}

const warning = el("span", {}, "This replaces everything in the emulator.")
const confirmation = makeConfirmation(view.seedButton, view.seedButton, "Yes, replace it", loadDemo)
confirmation.element.append(warning, confirmation.no, confirmation.yes)
view.connectSection.append(confirmation.element)
onPress(view.seedButton, () => (state.emulator?.sold.length === 0 ? loadDemo() : confirmation.ask(true)))
onPress(view.leaveButton, leave)
const onSubmit = (form: HTMLFormElement, act: () => void) =>
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    act()
  })
onSubmit(view.openForm, openChosen)
onSubmit(view.assignForm, assign)

window.addEventListener("beforeunload", (event) => {
  if (busy.size > 0) event.preventDefault()
})
