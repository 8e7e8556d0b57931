"""All files of a source that lie in a store and are not held yet, or are others than those that are."""

from __future__ import annotations

from dataclasses import replace

from include.contracts.exports import ExportFile
from include.contracts.raw import raw_dataset
from include.contracts.runs import Window
from include.contracts.sources import SourceSettings
from include.sources.files.discovery import Found, is_over
from include.sources.files.places import Place
from include.sources.live.opened import Means
from include.sources.live.store import Store, StoredFile
from include.sources.load_log import LoadLog
from include.sources.loads import Load
from include.sources.registry import connector
from include.sources.taken import Taken
from include.storage.home import open_home
from include.storage.lake import Manifest
from include.storage.project import Project


def take_stored(
    project: Project, loads: LoadLog, settings: SourceSettings, window: Window, means: Means
) -> list[Taken]:
    """Fetch and take in the new files of each object, one at a time; raises LiveError, SourceError.

    Of files of a day all come that are not held and whose day is over when the window is, however late they are; of
    files that hold a state, all that lie there are the object.
    """
    assert settings.stored is not None
    open_home(project.settings.home)
    folder = project.settings.home / "spill"
    folder.mkdir(exist_ok=True)
    store = Store(loads.source, settings.stored, means)
    system = settings.system
    kind = connector(system)

    def load(declared: ExportFile, file: StoredFile, held: Load | None) -> Load:
        if held is not None and held.mark == file.mark:
            return held
        with store.fetched(file, folder) as copy:
            found = loads.load(kind, declared, Found(Place(copy), file.name, file.day), window)
        marked = replace(found, mark=file.mark)
        loads.known[marked.load_id] = marked
        return marked

    def take(declared: ExportFile) -> Taken:
        dataset = raw_dataset(loads.source, declared.object)
        manifest = loads.lake.current(dataset) or Manifest(dataset, "", (), 0)
        before = {file: loads.known[load_id] for file, load_id in manifest.inputs.items()}
        files = [file for file in store.find(declared) if is_over(file.day, window)]
        taken = {file.name: load(declared, file, before.get(file.name)) for file in files}
        return Taken(declared, manifest, before, taken, adds=declared.is_daily)

    return [take(system.file(name)) for name in settings.objects]
