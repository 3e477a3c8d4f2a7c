/** What users do in the workbench, with the extension as it is built here. */
import { NEWEST } from '../vscode-servers';
import { defineGoingBack } from './going-back';
import { defineLearning } from './learning';
import { defineMemory } from './memory';
import { defineMistakes } from './mistakes';
import { defineJourneys } from './scenarios';
import { defineTesting } from './testing';
import { defineViews } from './views';
import { defineWays } from './ways';

defineJourneys(
    'journeys with the extension as built',
    'built',
    () => ({ editor: NEWEST, extension: 'built' }),
    (traveller) => {
        defineWays(traveller);
        defineMistakes(traveller);
        defineViews(traveller);
        defineMemory(traveller);
        defineGoingBack(traveller);
        defineLearning(traveller);
        defineTesting(traveller);
    },
);
