/** Requests from one device to the memory of another, through the IOMMU. */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf } from '../../../support/runs';

function program(text: string): void {
    const parsed = programOf(text);
    assert.deepEqual(findingsOf(parsed), []);
    assert.deepEqual(failuresOf(parsed), []);
}

function passes(statements: string, iommu = 'iommu vtd'): void {
    program(`
machine {
    memory 1GiB
    ${iommu}
    device dma0 at "0000:5e:00.0" { kind dma; driver vfio; msix 0 }
    device gpu0 at "0000:5f:00.0" { kind gpu; driver vfio; msix 0; vram 1GiB }
    device gpu1 at "0000:60:00.0" { kind gpu; driver vfio; msix 0; vram 1MiB }
}
scenario "s" {
    boot "7.3"
    process p {
        iommu = open("/dev/iommu")
        ioas  = iommu.ioas_alloc()
        gpu   = open("/dev/vfio/devices/vfio1")
        gpu.bind_iommufd(ioas)
        dma = open("/dev/vfio/devices/vfio0")
        dma.bind_iommufd(ioas)
        ${statements}
        dma.close()
    }
}`);
}

suite('memory of another device', () => {
    for (const vendor of ['vtd', 'amd']) {
        test(`${vendor}: a device writes and reads what is mapped for it, and nothing else`, () =>
            passes(
                `
        ioas.map(gpu, iova: 0x10_0000, length: 64KiB, offset: 1MiB)
        dma0.start_dma(ring: 0x10_0000, length: 128KiB, size: 4096, every: 1us)
        sleep 40us
        dma0.stop()
        assert gpu0.read_vram(64KiB, at: 1MiB) != zeros(64KiB)
        assert gpu0.read_vram(64KiB, at: 1MiB - 64KiB) == zeros(64KiB)
        assert gpu0.read_vram(64KiB, at: 1MiB + 64KiB) == zeros(64KiB)
        assert dma0.faults > 0 && dma0.dropped == 0 && dma0.strays == 0`,
                `iommu ${vendor}`,
            ));
    }

    test('what a device has sent is what the other has', () =>
        passes(`
        ioas.map(gpu, iova: 0x10_0000, length: 8KiB)
        memory = memfd_create("the same")
        memory.truncate(8KiB)
        ioas.map(memory, iova: 0x20_0000, length: 8KiB)
        dma0.start_dma(ring: 0x10_0000, length: 8KiB, every: 1us)
        sleep 128us
        dma0.start_dma(ring: 0x20_0000, length: 8KiB, every: 1us)
        sleep 128us
        dma0.stop()
        assert gpu0.read_vram(8KiB, at: 0) == memory.pread(8KiB, at: 0)`));

    test('errors: beyond its memory, a device without memory', () =>
        passes(`
        other = open("/dev/vfio/devices/vfio2")
        other.bind_iommufd(ioas)
        ioas.map(other, iova: 0x10_0000, length: 2MiB)  fails EINVAL
        ioas.map(other, iova: 0x10_0000, length: 1MiB, offset: 4096)  fails EINVAL
        ioas.map(dma, iova: 0x10_0000, length: 4096)  fails EINVAL
        ioas.map(other, iova: 0x10_0000, length: 1MiB)
        ioas.unmap(0x10_0000, 1MiB)
        assert ioas.mappings == 0`));

    test('a bridge sends a request to a device below it, or upstream to the IOMMU, as its ACS says', () =>
        program(`
machine {
    memory 1GiB
    iommu  vtd
    device dma0 at "0000:5e:00.0" { kind dma; driver vfio; msix 0 }
    device gpu0 at "0000:5e:01.0" { kind gpu; driver vfio; msix 0; vram 1MiB }
    device gpu1 at "0000:60:00.0" { kind gpu; driver vfio; msix 0; vram 1MiB }
}
scenario "s" finds LU1135 {
    boot "7.3"
    process p {
        iommu = open("/dev/iommu")
        dma   = open("/dev/vfio/devices/vfio0")
        dma.bind_iommufd(iommu)
        gpu = open("/dev/vfio/devices/vfio1")
        gpu.bind_iommufd(iommu)
        other = open("/dev/vfio/devices/vfio2")
        other.bind_iommufd(iommu)
        assert dma0.bridge.acs == 0x1d
        dma0.start_dma(ring: gpu0.bar, length: 4096, every: 1us)
        sleep 20us
        assert dma0.writes == 0 && dma0.faults > 0
        faults = dma0.faults
        dma0.bridge.acs = 0x19                  // no redirect of requests
        dma0.bridge.bus_master = false          // only what goes upstream needs it
        sleep 20us
        assert dma0.writes > 0 && dma0.faults == faults
        writes = dma0.writes
        dma0.bridge.bus_master = true
        dma0.start_dma(ring: gpu1.bar, length: 4096, every: 1us)
        sleep 20us
        assert dma0.writes == writes && dma0.faults > faults
        dma0.stop()
    }
    assert gpu0.read_vram(4096, at: 0) != zeros(4096) && gpu1.read_vram(4096, at: 0) == zeros(4096)
    assert gpu0.bar != 0 && dma0.bar == 0
}`));
});
