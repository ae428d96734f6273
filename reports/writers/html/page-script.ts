/**
 * What the page does by itself: filter scenarios, copy commands, open the scenario an address leads to. Written for
 * the browser as it is, so that its hash can stand in the page's policy.
 */
export const pageScript = `
'use strict'
const articles = [...document.querySelectorAll('article.scenario')]
const box = document.getElementById('filter')
const count = document.getElementById('filter-count')
function accepts(article, token) {
  if (token.startsWith('!')) return token.length === 1 || !accepts(article, token.slice(1))
  if (token.startsWith('s:')) return article.dataset.verdict.startsWith(token.slice(2))
  if (token.startsWith('@')) return article.dataset.topology.startsWith(token.slice(1))
  return article.dataset.text.includes(token)
}
function filter() {
  const tokens = box.value.toLowerCase().split(/\\s+/).filter(Boolean)
  let shown = 0
  for (const article of articles) {
    article.hidden = !tokens.every((token) => accepts(article, token))
    if (!article.hidden) shown += 1
  }
  count.textContent = tokens.length === 0 ? '' : shown + ' of ' + articles.length
}
function reveal() {
  const id = decodeURIComponent(location.hash.slice(1))
  const article = articles.find((each) => each.id === id)
  if (article === undefined) return
  article.hidden = false
  article.querySelector('details').open = true
  article.scrollIntoView()
}
if (box !== null) {
  box.addEventListener('input', filter)
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && document.activeElement !== box) { event.preventDefault(); box.focus() }
    if (event.key === 'Escape' && document.activeElement === box) { box.value = ''; filter(); box.blur() }
  })
}
document.addEventListener('click', async (event) => {
  const button = event.target.closest('button.copy')
  if (button === null) return
  const code = button.previousElementSibling
  try {
    await navigator.clipboard.writeText(code.textContent)
    button.textContent = 'Copied'
  } catch {
    getSelection().selectAllChildren(code)
    button.textContent = 'Selected'
  }
  setTimeout(() => { button.textContent = 'Copy' }, 1500)
})
addEventListener('hashchange', reveal)
addEventListener('beforeprint', () => { for (const each of document.querySelectorAll('details')) each.open = true })
reveal()
`
