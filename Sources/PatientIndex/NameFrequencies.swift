/// How common names are: counted in the index, over a few that are known to be common beforehand.
///
/// A small index cannot tell a rare name from one it has not met yet: the count is laid over a population of
/// `backing` persons with the usual shares, so that it takes over only as the index grows.
package struct NameFrequencies: Sendable {
    private var first: [UInt32: UInt32] = [:]
    private var family: [UInt32: UInt32] = [:]
    private var firstTotal: UInt64 = 0
    private var familyTotal: UInt64 = 0

    private static let backing: UInt64 = 20_000
    /// The share of a name nobody knows, in millionths.
    private static let unknownShare: UInt64 = 30

    /// Nothing counted yet.
    package init() {}

    /// Counts the names of a registration.
    package mutating func count(_ record: RecordView) {
        guard let name = record.firstName else { return }
        count(firstHash: name.firstCount > 0 ? name.firstHash : nil, familyHash: name.familyCount > 0 ? name.familyHash : nil)
    }

    /// Counts names by their hash, as often as they were met.
    package mutating func count(firstHash: UInt32?, familyHash: UInt32?, times: UInt32 = 1) {
        if let firstHash {
            first[firstHash, default: 0] &+= times
            firstTotal += UInt64(times)
        }
        if let familyHash {
            family[familyHash, default: 0] &+= times
            familyTotal += UInt64(times)
        }
    }

    /// The hashes under which a record's first name is counted.
    package static func hashes(_ record: RecordView) -> (first: UInt32?, family: UInt32?) {
        guard let name = record.firstName else { return (nil, nil) }
        return (name.firstCount > 0 ? name.firstHash : nil, name.familyCount > 0 ? name.familyHash : nil)
    }

    /// Registrations counted, and those that a small index is thought to have in front of it.
    var registered: UInt64 { max(firstTotal, familyTotal) + Self.backing }

    /// The share of a first name in billionths; at least 1.
    func share(first hash: UInt32) -> UInt64 {
        Self.share(UInt64(first[hash] ?? 0), Self.known.first[hash] ?? Self.unknownShare, firstTotal)
    }

    /// The share of a family name in billionths; at least 1.
    func share(family hash: UInt32) -> UInt64 {
        Self.share(UInt64(family[hash] ?? 0), Self.known.family[hash] ?? Self.unknownShare, familyTotal)
    }

    /// Whether a first name is in use, and not perhaps somebody's slip of the pen.
    func isEstablished(_ hash: UInt32) -> Bool {
        if Self.isListed(hash) { return true }
        return UInt64(first[hash] ?? 0) >= 4 + firstTotal / 100_000
    }

    /// Whether a first name is in use wherever the index stands.
    static func isListed(_ hash: UInt32) -> Bool { known.first[hash] != nil || Nicknames.isName(hash) }

    /// Whether a first name is one of the common ones of English use.
    static func isCommonEnglish(_ hash: UInt32) -> Bool { known.first[hash] != nil || anglicised.contains(hash) }

    private static let anglicised: Set<UInt32> = Set(
        "CINDY JENNY TONY PETER ALLEN ALAN TINA WENDY VIVIAN VINCENT ANDY JIMMY TOMMY SALLY EDDIE PATRICK LOUISE IRENE"
            .split(separator: " ").map { PackedRecord.short($0.utf8) })

    private static func share(_ count: UInt64, _ millionths: UInt64, _ total: UInt64) -> UInt64 {
        max((count * 1_000_000_000 + backing * millionths * 1000) / (total + backing), 1)
    }

    private static let known: (first: [UInt32: UInt64], family: [UInt32: UInt64]) = {
        func table(_ text: String) -> [UInt32: UInt64] {
            var table: [UInt32: UInt64] = [:]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let share = words.first.flatMap({ UInt64($0) }) else { continue }
                for name in words.dropFirst() { table[PackedRecord.short(name.utf8)] = share }
            }
            return table
        }
        return (table(commonFirst), table(commonFamily))
    }()

    /// Millionths of the population of the United States, in steps (census tables, rounded).
    private static let commonFamily = """
        8000 SMITH
        6200 JOHNSON WILLIAMS
        4500 BROWN JONES GARCIA
        3700 MILLER DAVIS RODRIGUEZ MARTINEZ HERNANDEZ
        2700 LOPEZ GONZALEZ WILSON ANDERSON THOMAS TAYLOR MOORE JACKSON MARTIN LEE PEREZ
        2000 THOMPSON WHITE HARRIS SANCHEZ CLARK RAMIREZ LEWIS ROBINSON
        1600 WALKER YOUNG ALLEN KING WRIGHT SCOTT TORRES NGUYEN HILL FLORES GREEN ADAMS NELSON BAKER HALL
        1200 RIVERA CAMPBELL MITCHELL CARTER ROBERTS GOMEZ PHILLIPS EVANS TURNER DIAZ PARKER CRUZ EDWARDS COLLINS REYES
        1000 STEWART MORRIS MORALES MURPHY COOK ROGERS GUTIERREZ ORTIZ MORGAN COOPER PETERSON BAILEY REED KELLY HOWARD
        900 RAMOS KIM COX WARD RICHARDSON WATSON BROOKS CHAVEZ WOOD JAMES BENNETT GRAY MENDOZA RUIZ HUGHES PRICE
        800 ALVAREZ CASTILLO SANDERS PATEL MYERS LONG ROSS FOSTER JIMENEZ POWELL JENKINS PERRY RUSSELL SULLIVAN BELL
        600 TRAN CHEN WANG WONG PHAM LE LI KHAN SINGH ALI PARK CHOI
        """
    private static let commonFirst = """
        12000 JAMES JOHN ROBERT MICHAEL WILLIAM DAVID MARY
        7000 RICHARD JOSEPH THOMAS CHRISTOPHER CHARLES DANIEL MATTHEW ANTHONY MARK PATRICIA JENNIFER LINDA ELIZABETH
        5000 DONALD STEVEN PAUL ANDREW JOSHUA KENNETH KEVIN BRIAN GEORGE TIMOTHY RONALD JASON EDWARD JEFFREY RYAN \
        BARBARA SUSAN JESSICA SARAH KAREN LISA NANCY BETTY SANDRA MARGARET ASHLEY KIMBERLY EMILY DONNA MICHELLE
        3000 JACOB GARY NICHOLAS ERIC JONATHAN STEPHEN LARRY JUSTIN SCOTT BRANDON BENJAMIN SAMUEL GREGORY ALEXANDER \
        PATRICK FRANK RAYMOND JACK DENNIS JERRY TYLER AARON JOSE ADAM NATHAN HENRY ZACHARY CAROL AMANDA MELISSA \
        DEBORAH STEPHANIE DOROTHY REBECCA SHARON LAURA CYNTHIA AMY KATHLEEN ANGELA SHIRLEY BRENDA EMMA ANNA PAMELA \
        NICOLE SAMANTHA KATHERINE CHRISTINE HELEN DEBRA RACHEL CAROLYN JANET MARIA HEATHER DIANE OLIVIA JULIE JOYCE
        1500 DOUGLAS PETER KYLE NOAH ETHAN JEREMY WALTER CHRISTIAN KEITH ROGER TERRY AUSTIN SEAN GERALD CARL HAROLD \
        DYLAN ARTHUR LAWRENCE JORDAN JESSE BRYAN BILLY BRUCE GABRIEL JOE LOGAN ALAN JUAN ALBERT WILLIE ELIJAH WAYNE \
        RANDY VINCENT MASON ROY RALPH BOBBY RUSSELL BRADLEY PHILIP EUGENE VICTORIA KELLY LAUREN CHRISTINA JOAN EVELYN \
        JUDITH MEGAN ANDREA CHERYL HANNAH JACQUELINE MARTHA GLORIA TERESA ANN SARA MADISON FRANCES KATHRYN JANICE \
        JEAN ABIGAIL ALICE JULIA JUDY SOPHIA GRACE DENISE AMBER DORIS MARILYN DANIELLE BEVERLY ISABELLA THERESA \
        DIANA NATALIE BRITTANY CHARLOTTE MARIE KAYLA ALEXIS LORI LUIS CARLOS JANE CHLOE ZOE AIDEN JADEN MARIO MARCUS
        """
}
