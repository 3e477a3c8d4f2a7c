/** The command line parameter of the Live Update Orchestrator: liveupdate=. */
import type { SetupsOf } from '../command-line/setup';
import { kstrtobool } from '../release/parameter-values';

export interface LuoSettings {
    readonly liveupdate: boolean;
}

export const LUO_DEFAULTS: LuoSettings = { liveupdate: false };

export const LUO_SETUPS: SetupsOf<'luo', LuoSettings> = {
    liveupdate: (value) => {
        const liveupdate = kstrtobool(value);
        return liveupdate === undefined ? undefined : { liveupdate };
    },
};
