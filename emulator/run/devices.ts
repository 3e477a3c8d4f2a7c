/** Creates the devices that a program describes. */
import { applySettings, type Appliers } from '../language/settings/apply';
import { DEVICE_SETTINGS, type DeviceValues } from '../language/settings/device';
import type { Constant, DeclaredDevice } from '../language/settings/setting';
import type { DeviceShape } from '../machine/devices/device';

type Draft = { -readonly [K in keyof DeviceShape]: DeviceShape[K] };

const SETTINGS: Appliers<DeviceValues, Draft> = {
    kind: (d, kind) => {
        d.kind = kind;
    },
    queues: (d, queues) => {
        d.queues = queues;
    },
    msix: (d, vectors) => {
        d.vectors = vectors;
    },
    driver: (d, driver) => {
        d.driver = driver;
    },
    behind: (d, bridge) => {
        d.behind = bridge;
    },
    vf: (d, physical) => {
        d.physical = physical;
    },
    acs: (d, acs) => {
        d.acs = acs;
    },
    ignores_bus_master: (d, ignores) => {
        d.ignoresBusMaster = ignores === 'on';
    },
    ats: (d, ats) => {
        d.ats = ats;
    },
    vram: (d, size) => {
        d.vram = size;
    },
};

export function deviceOf({ name, address, settings }: DeclaredDevice, constant: Constant): DeviceShape {
    const draft: Draft = {
        name,
        kind: '',
        address,
        queues: 1,
        vectors: 1,
        driver: 'native',
        acs: 'on',
        physical: '',
        ignoresBusMaster: false,
        ats: 'off',
        vram: 0,
    };
    applySettings(DEVICE_SETTINGS, SETTINGS, settings, constant, draft);
    return draft;
}
