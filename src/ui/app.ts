// Everything the pages share, made once by main.ts and handed down as a Lit context. Wires controllers; draws nothing.

import { createContext } from "@lit/context";
import type { GalleryStore } from "../gallery/gallery-store.ts";
import type { PageStorage } from "../gallery/page-storage.ts";
import type { SettingsStore } from "../gallery/settings-store.ts";
import type { EngineEvent } from "../protocol/engine-api.ts";
import type { LibraryWorkerApi } from "../protocol/library-api.ts";
import type { LibraryStorage } from "../protocol/library-storage.ts";
import type { ModelHashing } from "../protocol/model-hashes.ts";
import { BenchmarkController, type BenchmarkRunner } from "./controllers/benchmark-controller.ts";
import { CivitaiController } from "./controllers/civitai-controller.ts";
import { DownloadsController } from "./controllers/downloads-controller.ts";
import { FoldersController } from "./controllers/folders-controller.ts";
import { GenerationController, type RestartableEngine } from "./controllers/generation-controller.ts";
import { LibraryController } from "./controllers/library-controller.ts";
import { LinksController } from "./controllers/links-controller.ts";
import { MetadataController } from "./controllers/metadata-controller.ts";
import { ModelsController } from "./controllers/models-controller.ts";
import { RecentPictures } from "./controllers/recent-pictures.ts";
import { RecipeController } from "./controllers/recipe-controller.ts";
import { SavingController } from "./controllers/saving-controller.ts";
import { ToastController } from "./controllers/toast-controller.ts";
import { TokenCounter } from "./controllers/token-counter.ts";
import { UpscaleController } from "./controllers/upscale-controller.ts";
import { toRequest } from "./recipe.ts";

export interface AppServices {
  readonly engine: RestartableEngine;
  readonly library: LibraryWorkerApi;
  readonly storage: PageStorage;
  readonly benchmark: BenchmarkRunner;
  /** Absolute address of the folder the app is served from. */
  readonly baseUrl: string;
}

export interface App {
  readonly gallery: GalleryStore;
  readonly settings: SettingsStore;
  readonly storage: PageStorage;
  readonly recipe: RecipeController;
  readonly generation: GenerationController;
  readonly upscaling: UpscaleController;
  readonly models: ModelsController;
  readonly metadata: MetadataController;
  readonly downloads: DownloadsController;
  readonly civitai: CivitaiController;
  readonly library: LibraryController;
  readonly folders: FoldersController;
  readonly links: LinksController;
  readonly saving: SavingController;
  readonly libraryStorage: LibraryStorage;
  readonly hashes: ModelHashing;
  readonly benchmark: BenchmarkController;
  /** Absolute address of the folder the app is served from. */
  readonly baseUrl: string;
  readonly recent: RecentPictures;
  readonly tokens: TokenCounter;
  readonly toasts: ToastController;
  /** Queues what the form says. */
  generate(options?: { readonly front?: boolean }): Promise<void>;
}

/** The app, for pages. Components take properties instead. */
export const appContext = createContext<App>("kiln-app");

export function createApp({ engine, library, storage, benchmark, baseUrl }: AppServices): App {
  const { gallery, queue, upscales, settings } = storage;
  const recipe = new RecipeController(settings);
  const upscaling = new UpscaleController({ engine, gallery, upscales });
  const alsoTell = (event: EngineEvent): Promise<void> => upscaling.receive(event);
  const generation = new GenerationController({ engine, gallery, queue, baseUrl, alsoTell });
  const models = new ModelsController(library, baseUrl);
  const metadata = new MetadataController(library.metadata, models.ready);
  const downloads = new DownloadsController(library.downloads, models.ready, () => void models.load());
  const toasts = new ToastController();
  const tokens = new TokenCounter(engine);
  let known = -1;
  models.state.subscribe(({ models: { length } }) => {
    if (known >= 0 && length !== known) void metadata.refresh();
    known = length;
  });
  models.state.subscribe(({ models: records }) => recipe.setModels(records));
  recipe.state.subscribe(({ recipe: fields }) => tokens.update(fields));
  return {
    gallery,
    settings,
    storage,
    recipe,
    generation,
    upscaling,
    models,
    metadata,
    downloads,
    civitai: new CivitaiController(library.civitai, models.ready),
    library: new LibraryController({ hashes: library.hashes, models, metadata, toasts }),
    folders: new FoldersController(library.folders, models.ready, () => void models.load()),
    links: new LinksController({ links: library.links, models, toasts }),
    saving: new SavingController(library.storage),
    libraryStorage: library.storage,
    hashes: library.hashes,
    benchmark: new BenchmarkController(benchmark, () => engine.unload()),
    baseUrl,
    recent: new RecentPictures(gallery),
    tokens,
    toasts,
    generate(options) {
      const choices = {
        noiseSource: settings.get("noiseSource"),
        preview: settings.get("preview"),
        previewMethod: settings.get("previewMethod"),
      };
      return generation.enqueue(toRequest(recipe.recipe, choices), options);
    },
  };
}
