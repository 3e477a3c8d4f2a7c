/** The journeys with the extension in the browser: debugger and language server in workers, without processes. */
import { NEWEST } from '../vscode-servers';
import { defineMemory } from './memory';
import { defineJourneys } from './scenarios';
import { defineViews } from './views';

defineJourneys(
    'journeys with the extension in the browser',
    'web',
    () => ({
        editor: NEWEST,
        extension: 'built',
        settings: { 'remote.extensionKind': { 'lus.lus-debug': ['web'] } },
    }),
    (traveller) => {
        defineViews(traveller);
        defineMemory(traveller);
    },
);
