// The demo's plain page: what the feed says, refreshed. It reads latest.json
// every two seconds and fetches a snapshot only if latest.json names it.
'use strict'

const feed = 'feed/v1/'
const $ = (id) => document.getElementById(id)
const number = new Intl.NumberFormat()
const names = new Intl.DisplayNames(undefined, { type: 'region', fallback: 'code' })

async function get(path) {
  const answer = await fetch(feed + path, { cache: 'no-cache' })
  if (!answer.ok) throw new Error(answer.status)
  return answer.json()
}

// rank sums a dimension over all types and sorts it.
function rank(snapshot, dimension, most) {
  const sums = new Map()
  for (const type of Object.values(snapshot.types)) {
    for (const [code, n] of Object.entries(type[dimension])) sums.set(code, (sums.get(code) ?? 0) + n)
  }
  return [...sums].sort((a, b) => b[1] - a[1]).slice(0, most)
}

function table(id, rows) {
  const body = document.createElement('tbody')
  for (const [code, n] of rows) {
    const row = body.insertRow()
    const head = document.createElement('th')
    head.scope = 'row'
    head.textContent = names.of(code)
    row.append(head)
    row.insertCell().textContent = number.format(n)
    row.style.setProperty('--part', (100 * n) / rows[0][1] + '%')
  }
  $(id).replaceChildren(body)
}

// attribute shows a text whose web addresses are links.
function attribute(text) {
  if ($('attribution').textContent === text) return
  $('attribution').replaceChildren(...text.split(/(https:[^\s)]+)/).map((part, i) => {
    if (i % 2 === 0) return part
    const link = document.createElement('a')
    link.href = link.textContent = part
    return link
  }))
}

// map paints cells, the ids of which are coded as differences.
function map(snapshot) {
  const canvas = $('map')
  const columns = Math.round(360 / snapshot.grid)
  canvas.width = columns
  canvas.height = columns / 2
  const g = canvas.getContext('2d')
  const sums = new Map()
  for (const type of Object.values(snapshot.types)) {
    let id = 0
    type.cells.forEach((step, i) => {
      id += step
      sums.set(id, (sums.get(id) ?? 0) + type.counts[i])
    })
  }
  const top = Math.log1p(Math.max(1, ...sums.values()))
  for (const [id, n] of sums) {
    const heat = Math.log1p(n) / top
    g.fillStyle = `hsl(${18 + 32 * heat} 100% ${25 + 60 * heat}%)`
    g.fillRect(id % columns, Math.floor(id / columns), 1, 1)
  }
}

function beat(snapshot) {
  const sums = Array(60).fill(0)
  for (const type of Object.values(snapshot.types)) type.beat.forEach((n, i) => (sums[i] += n))
  const top = Math.max(1, ...sums)
  $('beat').replaceChildren(...sums.map((n, i) => {
    const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
    const height = (20 * n) / top
    for (const [k, v] of Object.entries({ x: i + 0.1, y: 20 - height, width: 0.8, height })) bar.setAttribute(k, v)
    return bar
  }))
}

const path = (period, start) =>
  `${period}/${start.slice(0, 16).replace(/[-T:]/g, '/')}.json`

let shown = 0
let target = 0
let spokenAt = 0
let minute = ''

function totals(latest) {
  const { download = 0, ...others } = latest.totals
  target = download
  $('shares').replaceChildren(...Object.entries(others).map(([type, n]) => {
    const chip = document.createElement('li')
    chip.textContent = `${type.replace('share:', '')} ${number.format(n)}`
    return chip
  }))
  if (Date.now() - spokenAt > 60000) {
    spokenAt = Date.now()
    $('spoken').textContent = `${number.format(download)} downloads so far`
  }
}

async function refresh() {
  try {
    const latest = await get('latest.json')
    totals(latest)
    $('status').textContent = latest.message ?? latest.status
    $('age').textContent = new Date(latest.published).toLocaleTimeString()
    attribute(latest.attribution ?? '')
    const newest = latest.newest['1m']
    if (newest && newest !== minute) {
      minute = newest
      const snapshot = await get(path('1m', newest))
      $('minute').textContent = new Date(newest).toLocaleTimeString()
      $('minute-n').textContent = number.format(Object.values(snapshot.types).reduce((sum, t) => sum + t.n, 0))
      beat(snapshot)
      table('newest', rank(snapshot, 'countries', 8))
    }
  } catch (error) {
    $('status').textContent = `no feed (${error.message})`
  }
  setTimeout(refresh, 2000)
}

async function refreshAll() {
  try {
    const all = await get('all.json')
    map(all)
    table('countries', rank(all, 'countries', 15))
    setTimeout(refreshAll, 15000)
  } catch {
    setTimeout(refreshAll, 2000) // not there yet
  }
}

// count lets the total rise smoothly, ten times a second.
function count() {
  shown = target - shown < 2 ? target : shown + Math.ceil((target - shown) / 15)
  $('total').textContent = number.format(shown)
  setTimeout(count, 100)
}

refresh()
refreshAll()
count()
