// test/bench/peers/search/LucenePeer.java
//	Lucene 8 as a peer of the search benchmark: LucenePeer DIRECTORY whitespace|english cache|nocache
//	Reads commands from standard input and answers each with one line:
//
//	load FILE			index the corpus (generate.c says what its lines hold)	-> loaded SECONDS BYTES
//	merge				into one segment					-> merged SECONDS BYTES
//	pass SET FILE BUDGET [titles]	every query once, at most BUDGET seconds		-> times MICROSECONDS...
//	hits SET FILE			how many documents match each query			-> hits N...
//	clients SET FILE N SECONDS	N threads at once					-> rate PER_SECOND P50 P99
//	rank FILE K			the best K of each line of words			-> ranked ID:SCORE,... one a query
//	visible MILLISECONDS N		from adding to found, reopened each so many ms		-> times MICROSECONDS...
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.IntPoint;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.facet.DrillDownQuery;
import org.apache.lucene.facet.DrillSideways;
import org.apache.lucene.facet.Facets;
import org.apache.lucene.facet.FacetsConfig;
import org.apache.lucene.facet.sortedset.DefaultSortedSetDocValuesReaderState;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesFacetField;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesReaderState;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.FuzzyQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.MMapDirectory;

public class LucenePeer {
	static final Sort NEWEST = new Sort(new SortField("day", SortField.Type.LONG, true), SortField.FIELD_DOC);
	static final Set<String> FACETED = Set.of("facets", "empty");

	final Path path;
	final Analyzer analyzer;
	final boolean cache;
	final FacetsConfig facets = new FacetsConfig();
	IndexSearcher searcher;
	SortedSetDocValuesReaderState facetState;

	// Words as they are; a phrase does not reach from the title into the body.
	static class PlainAnalyzer extends Analyzer {
		@Override protected TokenStreamComponents createComponents(String field) {
			return new TokenStreamComponents(new WhitespaceTokenizer());
		}

		@Override public int getPositionIncrementGap(String field) {
			return 100;
		}
	}

	LucenePeer(Path path, Analyzer analyzer, boolean cache) throws IOException {
		this.path = path;
		this.analyzer = analyzer;
		this.cache = cache;
		facets.setMultiValued("skill", true);
		if (Files.isDirectory(path)) open();
	}

	// One query of a set; the cursor is where page 49 ended.
	static class Ask {
		Query query;
		DrillDownQuery drill;
		ScoreDoc after;
	}

	void open() throws IOException {
		searcher = new IndexSearcher(DirectoryReader.open(new MMapDirectory(path)));
		if (!cache) searcher.setQueryCache(null);
		facetState = searcher.getIndexReader().numDocs() > 0 && analyzer instanceof PlainAnalyzer
			? new DefaultSortedSetDocValuesReaderState(searcher.getIndexReader()) : null;
	}

	Document document(String line) throws IOException {
		String[] cell = line.split("\t", -1);
		Document document = new Document();
		document.add(new StoredField("id", cell[0]));
		document.add(new StoredField("title", cell[1]));
		document.add(new TextField("text", cell[1], Field.Store.NO));
		document.add(new TextField("text", cell[2], Field.Store.NO));
		if (cell.length < 8) return document;
		document.add(new StringField("category", cell[3], Field.Store.NO));
		document.add(new IntPoint("price", Integer.parseInt(cell[6])));
		document.add(new NumericDocValuesField("price", Integer.parseInt(cell[6])));
		document.add(new NumericDocValuesField("day", Integer.parseInt(cell[7])));
		document.add(new SortedSetDocValuesFacetField("category", cell[3]));
		document.add(new SortedSetDocValuesFacetField("country", cell[4]));
		for (String skill : cell[5].substring(1, cell[5].length() - 1).split(","))
			document.add(new SortedSetDocValuesFacetField("skill", skill));
		return facets.build(document);
	}

	long bytes() throws IOException {
		try (Stream<Path> files = Files.list(path)) {
			long sum = 0;
			for (Path file : files.collect(Collectors.toList())) sum += Files.size(file);
			return sum;
		}
	}

	String load(String file) throws IOException {
		long start = System.nanoTime();
		IndexWriterConfig config = new IndexWriterConfig(analyzer).setOpenMode(IndexWriterConfig.OpenMode.CREATE).setRAMBufferSizeMB(256);
		try (Directory directory = FSDirectory.open(path); IndexWriter writer = new IndexWriter(directory, config);
				BufferedReader in = Files.newBufferedReader(Path.of(file))) {
			for (String line = in.readLine(); line != null; line = in.readLine()) writer.addDocument(document(line));
			writer.commit();
		}
		open();
		return String.format("loaded %.1f %d", (System.nanoTime() - start) / 1e9, bytes());
	}

	String merge() throws IOException {
		long start = System.nanoTime();
		try (Directory directory = FSDirectory.open(path); IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(analyzer))) {
			writer.forceMerge(1);
		}
		open();
		return String.format("merged %.1f %d", (System.nanoTime() - start) / 1e9, bytes());
	}

	Query words(String set, String text) {
		String[] words = text.split(" ");
		if (text.isEmpty()) return new MatchAllDocsQuery();
		if (set.equals("phrase")) return new PhraseQuery("text", words);
		if (set.equals("prefix")) return new PrefixQuery(new Term("text", text));
		if (set.equals("typo")) return new FuzzyQuery(new Term("text", text), 1, 1);
		BooleanQuery.Builder all = new BooleanQuery.Builder();
		for (String word : new java.util.LinkedHashSet<>(Arrays.asList(words)))
			all.add(new TermQuery(new Term("text", word)), set.equals("and") ? Occur.MUST : Occur.SHOULD);
		return all.build();
	}

	List<Ask> read(String set, String file) throws IOException {
		List<Ask> asks = new ArrayList<>();
		for (String line : Files.readAllLines(Path.of(file))) {
			String[] cell = line.split("\t", -1);
			Ask ask = new Ask();
			ask.query = words(set, cell[0]);
			if (FACETED.contains(set)) {
				ask.drill = new DrillDownQuery(facets, ask.query);
				if (!cell[1].isEmpty()) ask.drill.add("category", cell[1]);
				if (!cell[2].isEmpty()) ask.drill.add("country", cell[2]);
			} else if (!cell[3].isEmpty())
				ask.query = new BooleanQuery.Builder().add(ask.query, Occur.MUST)
					.add(new TermQuery(new Term("category", cell[1])), Occur.FILTER)
					.add(IntPoint.newRangeQuery("price", Integer.parseInt(cell[3]), Integer.parseInt(cell[4])), Occur.FILTER).build();
			if (set.equals("page50")) {
				ScoreDoc[] before = searcher.search(ask.query, 490).scoreDocs;
				ask.after = before.length == 490 ? before[489] : null;
			}
			asks.add(ask);
		}
		return asks;
	}

	// The best ten, and the counts of three facets where the set asks for them.
	TopDocs answer(String set, Ask ask) throws IOException {
		if (ask.drill == null)
			return set.equals("newest") ? searcher.search(ask.query, 10, NEWEST) : ask.after == null ? searcher.search(ask.query, 10) : searcher.searchAfter(ask.after, ask.query, 10);
		DrillSideways.DrillSidewaysResult result = new DrillSideways(searcher, facets, facetState).search(ask.drill, 10);
		Facets counts = result.facets;
		for (String dimension : new String[] {"category", "country", "skill"}) counts.getTopChildren(10, dimension);
		return result.hits;
	}

	String pass(String set, String file, double budget, boolean titles) throws IOException {
		List<Ask> asks = read(set, file);
		StringBuilder out = new StringBuilder("times");
		long end = System.nanoTime() + (long) (budget * 1e9);
		for (Ask ask : asks) {
			long start = System.nanoTime();
			if (start > end) break;
			TopDocs top = answer(set, ask);
			if (titles) for (ScoreDoc hit : top.scoreDocs) searcher.doc(hit.doc);
			out.append(String.format(" %.1f", (System.nanoTime() - start) / 1e3));
		}
		return out.toString();
	}

	String hits(String set, String file) throws IOException {
		StringBuilder out = new StringBuilder("hits");
		for (Ask ask : read(set, file)) out.append(' ').append(searcher.count(ask.drill == null ? ask.query : ask.drill));
		return out.toString();
	}

	String clients(String set, String file, int count, double seconds) throws Exception {
		List<Ask> asks = read(set, file);
		ConcurrentLinkedQueue<long[]> all = new ConcurrentLinkedQueue<>();
		AtomicInteger next = new AtomicInteger();
		long end = System.nanoTime() + (long) (seconds * 1e9);
		Thread[] threads = new Thread[count];
		for (int i = 0; i < count; i++) {
			threads[i] = new Thread(() -> {
				long[] times = new long[1 << 20];
				int n = 0;
				try {
					for (long start = System.nanoTime(); start < end && n < times.length; start = System.nanoTime()) {
						for (ScoreDoc hit : answer(set, asks.get(Math.floorMod(next.getAndIncrement(), asks.size()))).scoreDocs) searcher.doc(hit.doc);
						times[n++] = System.nanoTime() - start;
					}
				} catch (IOException problem) {
					throw new RuntimeException(problem);
				}
				all.add(Arrays.copyOf(times, n));
			});
			threads[i].start();
		}
		for (Thread thread : threads) thread.join();
		long[] times = all.stream().flatMapToLong(Arrays::stream).sorted().toArray();
		return String.format("rate %.1f %.1f %.1f", times.length / seconds, times[times.length / 2] / 1e3, times[(int) (times.length * 0.99)] / 1e3);
	}

	String rank(String file, int k) throws IOException {
		StringBuilder out = new StringBuilder("ranked");
		for (String line : Files.readAllLines(Path.of(file))) {
			BooleanQuery.Builder any = new BooleanQuery.Builder();
			try (var tokens = analyzer.tokenStream("text", line)) {
				var term = tokens.addAttribute(org.apache.lucene.analysis.tokenattributes.CharTermAttribute.class);
				tokens.reset();
				while (tokens.incrementToken()) any.add(new TermQuery(new Term("text", term.toString())), Occur.SHOULD);
				tokens.end();
			}
			out.append(' ');
			for (ScoreDoc hit : searcher.search(any.build(), k).scoreDocs)
				out.append(searcher.doc(hit.doc).get("id")).append(':').append(hit.score).append(',');
		}
		return out.toString();
	}

	// A writer adds a word that nobody has, a reader looks for it each 10 ms; the index is reopened by a third thread.
	String visible(long reopen, int count) throws Exception {
		Path scratch = path.resolveSibling(path.getFileName() + "-visible");
		StringBuilder out = new StringBuilder("times");
		try (Directory directory = FSDirectory.open(scratch); IndexWriter writer = new IndexWriter(directory,
				new IndexWriterConfig(analyzer).setOpenMode(IndexWriterConfig.OpenMode.CREATE)); SearcherManager manager = new SearcherManager(writer, null)) {
			Thread reopener = new Thread(() -> {
				try {
					while (!Thread.interrupted()) {
						Thread.sleep(reopen);
						manager.maybeRefreshBlocking();
					}
				} catch (InterruptedException | IOException end) {
					return;
				}
			});
			reopener.start();
			for (int i = 0; i < count; i++) {
				Query query = new TermQuery(new Term("text", "word" + i));
				Thread.sleep((i * 37) % 100);
				long start = System.nanoTime();
				writer.addDocument(document(i + "\tword" + i + "\tword" + i));
				for (boolean found = false; !found; ) {
					IndexSearcher now = manager.acquire();
					found = now.count(query) > 0;
					manager.release(now);
					if (!found) Thread.sleep(10);
				}
				out.append(String.format(" %.1f", (System.nanoTime() - start) / 1e3));
			}
			reopener.interrupt();
			reopener.join();
		}
		return out.toString();
	}

	String command(String[] word) throws Exception {
		switch (word[0]) {
			case "load": return load(word[1]);
			case "merge": return merge();
			case "pass": return pass(word[1], word[2], Double.parseDouble(word[3]), word.length > 4);
			case "hits": return hits(word[1], word[2]);
			case "clients": return clients(word[1], word[2], Integer.parseInt(word[3]), Double.parseDouble(word[4]));
			case "rank": return rank(word[1], Integer.parseInt(word[2]));
			case "visible": return visible(Long.parseLong(word[1]), Integer.parseInt(word[2]));
			default: return "unknown command " + word[0];
		}
	}

	public static void main(String[] args) throws Exception {
		LucenePeer peer = new LucenePeer(Path.of(args[0]), args[1].equals("english") ? new EnglishAnalyzer() : new PlainAnalyzer(), args[2].equals("cache"));
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			System.out.println(peer.command(line.split(" ")));
			System.out.flush();
		}
	}
}
