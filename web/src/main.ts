// SPDX-License-Identifier: GPL-3.0-or-later
import './app.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { bandPlayer } from './stores/band_player.svelte'
import { deck } from './stores/deck.svelte'
import { jamStore } from './stores/jam.svelte'
import { jobs } from './stores/jobs.svelte'
import { stream } from './stores/stream.svelte'
import { studio } from './stores/studio.svelte'

jobs.start()
deck.start()
jamStore.start()
stream.start()
bandPlayer.start()
studio.start()
mount(App, { target: document.getElementById('app')! })
