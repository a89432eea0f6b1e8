/** Makes an element with attributes and children. A string child is text, never markup. */
export const el = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>> = {},
  ...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[Name] => {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

/** Sets a text only if it differs, so that a screen reader does not read it twice. */
export const setText = (node: Node, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}

/** Runs `act` on each press of a button that is not busy. */
export const onPress = (element: HTMLButtonElement, act: () => void): void =>
  element.addEventListener("click", () => {
    if (element.ariaDisabled !== "true") act()
  })

/** Makes a button. A screen reader reads `about` after the label. */
export const button = (
  label: string,
  { about = "", act, kind = "" }: { about?: string; act?: () => void; kind?: string } = {}
): HTMLButtonElement => {
  const element = el("button", { type: "button", class: kind }, el("span", {}, label))
  if (about !== "") element.append(el("span", { class: "unseen" }, ` ${about}`))
  if (act !== undefined) onPress(element, act)
  return element
}

/** Marks a button as busy, or as free. A busy button keeps the focus, which `disabled` would lose. */
export const setBusy = (element: HTMLButtonElement, isBusy: boolean, label: string): void => {
  element.ariaDisabled = isBusy ? "true" : "false"
  if (element.firstChild !== null) setText(element.firstChild, label)
}

/** Makes an element for a question, which takes the place of `hides` until a press on `yes` or `no`, or Escape. */
export const makeConfirmation = (hides: HTMLElement, asker: HTMLElement, yesLabel: string, act: () => void) => {
  const ask = (isAsking: boolean) => {
    element.hidden = !isAsking
    hides.hidden = isAsking
    if (isAsking) no.focus()
    else asker.focus()
  }
  const no = button("Keep it", { act: () => ask(false) })
  const yes = button(yesLabel, { act: () => ask(false), kind: "danger" })
  onPress(yes, act)
  const element = el("div", { class: "confirm", role: "group", "aria-label": "Confirm" })
  element.hidden = true
  element.addEventListener("keydown", ({ key }) => key === "Escape" && ask(false))
  return { element, ask, no, yes }
}

/** Shows rows in a list, in order. It does not move a row that is in its place, because a move loses the focus. */
export const arrange = (parent: Element, rows: Iterable<{ readonly element: Element }>): void => {
  const children = Array.from(rows, ({ element }) => element)
  const wanted = new Set(children)
  for (const child of Array.from(parent.children)) if (!wanted.has(child)) child.remove()
  for (const [index, child] of children.entries()) {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null)
  }
}

/** The element that screen readers read outcomes from. It must be in the page before the first outcome. */
export const liveRegion = el("p", { class: "unseen", role: "status", id: "spoken" })

/** Makes screen readers read a text, even if it is the same as before. */
export const announce = (text: string): void => {
  liveRegion.textContent = liveRegion.textContent === text ? `${text}\u00a0` : text
}
