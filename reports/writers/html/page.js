'use strict'
const root = document.documentElement
const scenarios = [...document.querySelectorAll('article.scenario')]
const query = document.querySelector('#query')

root.classList.add('scripted')

// Colour scheme: the system's until the button is used, then the reader's, remembered where storage is allowed.
const scheme = document.querySelector('#scheme')
const dark = matchMedia('(prefers-color-scheme: dark)')
const remembered = attempt(() => localStorage.getItem('meshyard-scheme'))
if (remembered === 'dark' || remembered === 'light') root.dataset.scheme = remembered
showScheme()
dark.addEventListener('change', showScheme)
scheme.addEventListener('click', () => {
  root.dataset.scheme = isDark() ? 'light' : 'dark'
  attempt(() => localStorage.setItem('meshyard-scheme', root.dataset.scheme))
  showScheme()
})

function isDark() {
  return root.dataset.scheme === undefined ? dark.matches : root.dataset.scheme === 'dark'
}

function showScheme() {
  scheme.setAttribute('aria-pressed', String(isDark()))
}

// Filter: every token must hold.
function holds(article, token) {
  if (token.startsWith('!') && token.length > 1) return !holds(article, token.slice(1))
  if (token.startsWith('s:')) return article.dataset.verdict.startsWith(token.slice(2))
  if (token.startsWith('@'))
    return article.dataset.topology.toLowerCase().startsWith(token.slice(1))
  return article.dataset.text.includes(token)
}

function applyFilter() {
  if (query === null) return
  const tokens = query.value.toLowerCase().split(/\s+/).filter(Boolean)
  let shown = 0
  for (const article of scenarios) {
    article.hidden = !tokens.every((token) => holds(article, token))
    if (!article.hidden) shown += 1
  }
  for (const file of document.querySelectorAll('div.file')) {
    file.hidden = file.querySelector('article.scenario:not([hidden])') === null
  }
  for (const button of document.querySelectorAll('button.count')) {
    button.setAttribute('aria-pressed', String(tokens.includes(button.dataset.token)))
  }
  document.querySelector('#shown').textContent = `${shown} of ${scenarios.length}`
  document.querySelector('#nothing').hidden = shown > 0 || scenarios.length === 0
}

function filterBy(text) {
  query.value = text
  applyFilter()
  // Browsers may refuse to change the address of a file.
  const fragment = text === '' ? ' ' : `#q=${encodeURIComponent(text)}`
  attempt(() => history.replaceState(null, '', fragment === ' ' ? location.pathname : fragment))
}

query?.addEventListener('input', () => filterBy(query.value))
document.querySelector('#filter')?.addEventListener('submit', (event) => event.preventDefault())

// Links: a fragment is a scenario to open or a filter to apply.
function follow() {
  const fragment = location.hash.slice(1)
  if (fragment.startsWith('q=') && query !== null) {
    query.value = attempt(() => decodeURIComponent(fragment.slice(2))) ?? ''
    applyFilter()
    return
  }
  const target = fragment === '' ? null : document.getElementById(fragment)
  if (target === null) return
  if (target.hidden) filterBy('')
  const details = target.querySelector(':scope > details')
  if (details === null) return
  details.open = true
  target.scrollIntoView()
  details.querySelector('summary').focus({ preventScroll: true })
}

addEventListener('hashchange', follow)
applyFilter()
follow()

const unfold = document.querySelector('#unfold')
unfold?.addEventListener('click', () => {
  const open = unfold.getAttribute('aria-pressed') !== 'true'
  for (const article of scenarios) {
    if (!article.hidden) article.querySelector('details').open = open
  }
  unfold.setAttribute('aria-pressed', String(open))
  unfold.textContent = open ? 'Fold all' : 'Unfold all'
})

document.addEventListener('click', (event) => {
  const button = event.target.closest('button')
  if (button === null) return
  if (button.classList.contains('copy')) {
    void copy(button)
  } else if (button.dataset.token !== undefined) {
    const tokens = query.value.split(/\s+/).filter(Boolean)
    const { token } = button.dataset
    const others = tokens.filter((other) => !other.startsWith('s:'))
    filterBy((tokens.includes(token) ? others : [...others, token]).join(' '))
    document.querySelector('#scenarios').scrollIntoView()
  }
})

async function copy(button) {
  const code = button.previousElementSibling
  const copied = await copyText(code.textContent).catch(() => copySelected(code))
  button.textContent = copied ? 'Copied' : 'Press Ctrl+C'
  setTimeout(() => {
    button.textContent = 'Copy'
  }, 1500)
}

async function copyText(text) {
  await navigator.clipboard.writeText(text)
  return true
}

// Pages opened from a file may not use the clipboard; a selection can still be copied.
function copySelected(code) {
  getSelection().selectAllChildren(code)
  return document.execCommand('copy')
}

// Keys, unless someone is typing.
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target === query) {
    if (event.key === 'Escape') filterBy('')
    return
  }
  if (event.key === '/' && query !== null) {
    event.preventDefault()
    query.focus()
  } else if (event.key === 'j' || event.key === 'k') {
    const visible = scenarios.filter((article) => !article.hidden)
    const current = visible.indexOf(document.activeElement.closest('article.scenario'))
    const step = event.key === 'j' ? 1 : -1
    const next = visible[current === -1 && step === -1 ? visible.length - 1 : current + step]
    next?.querySelector('summary').focus()
  }
})

// Paper has no folds: what is open on the screen is printed, and everything that did not pass.
addEventListener('beforeprint', () => {
  for (const article of scenarios) {
    if (article.matches('.failed, .unknown')) article.querySelector('details').open = true
  }
})

function attempt(action) {
  try {
    return action()
  } catch {
    return undefined
  }
}
