/// Names that the made-up population draws from; none is anybody's, frequencies are only roughly those of people.
enum PopulationNames {
    /// A group of names that share conventions.
    enum Group: String, CaseIterable {
        case general = "gen"
        case hispanic = "hisp"
        case black = "black"
        case chinese = "chin"
        case southAsian = "sas"
        case arabic = "arab"
        case vietnamese = "viet"
        case korean = "kor"

        /// Out of a thousand people.
        var share: Int {
            switch self {
            case .general: 610
            case .hispanic: 194
            case .black: 123
            case .chinese: 17
            case .southAsian: 15
            case .arabic: 15
            case .vietnamese: 15
            case .korean: 11
            }
        }
    }

    static func words(_ text: String) -> [String] { text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init) }

    /// Common family names of a group, the most common first.
    static func families(_ group: Group) -> [String] {
        switch group {
        case .general, .black:
            words(
                """
                Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Thomas Taylor Moore Jackson Martin \
                Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams \
                Nelson Baker Hall Campbell Mitchell Carter Roberts Phillips Evans Turner Parker Edwards Collins \
                Stewart Morris Murphy Cook Rogers Morgan Cooper Peterson Bailey Reed Kelly Howard Cox Ward Richardson \
                Watson Brooks Wood Bennett Gray Hughes Price Sanders Myers Long Ross Foster Powell Jenkins Perry \
                McDonald O'Brien McCarthy VanDyke
                """)
        case .hispanic:
            words(
                """
                Garcia Rodriguez Martinez Hernandez Lopez Gonzalez Perez Sanchez Ramirez Torres Flores Rivera Gomez \
                Diaz Cruz Reyes Morales Gutierrez Ortiz Ramos Chavez Mendoza Ruiz Alvarez Castillo Jimenez Vasquez \
                Moreno Herrera Medina Aguilar Vargas Guzman Mendez Rojas Salazar Soto Delgado Rios Vega
                """)
        case .chinese: words("Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo")
        case .southAsian: words("Patel Singh Kumar Sharma Shah Khan Gupta Reddy Ahmed Rao Mishra Chowdhury Iyer Das")
        case .arabic: words("Haddad Hussein Khalil Hassan Nasser Mansour Saleh Mohamed Ibrahim Aziz Said Farah")
        case .vietnamese: words("Nguyen Tran Le Pham Huynh Phan Vo Dang Bui Do Ngo Duong")
        case .korean: words("Kim Lee Park Choi Jung Kang Cho Yoon Lim Han Shin Oh")
        }
    }

    /// Given names of a group, women's or men's.
    static func given(_ group: Group, isFemale: Bool) -> [String] {
        switch (group, isFemale) {
        case (.general, true), (.black, true):
            words(
                """
                Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Sandra \
                Margaret Ashley Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura \
                Cynthia Amy Kathleen Angela Brenda Emma Anna Pamela Nicole Samantha Katherine Christine Helen Rachel \
                Olivia Julie Victoria Hannah Grace Alice Jean Jane Julia Judy Chloe Zoe Alyssa Alicia Kayla Kaylee
                """)
        case (.general, false), (.black, false):
            words(
                """
                James John Robert Michael William David Richard Joseph Thomas Christopher Charles Daniel Matthew \
                Anthony Mark Donald Steven Andrew Paul Joshua Kenneth Kevin Brian George Timothy Ronald Jason Edward \
                Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel \
                Aiden Jaden Jayden Darius Marius Marcus Tyler Taylor Logan Ethan Evan Aaron Adam Nathan Henry
                """)
        case (.hispanic, true):
            words(
                "Maria Ana Carmen Rosa Teresa Isabel Gabriela Daniela Sofia Camila Valeria Lucia Elena Norma Alicia Blanca")
        case (.hispanic, false):
            words("Jose Juan Luis Carlos Miguel Jorge Francisco Antonio Javier Pedro Manuel Rafael Ramon Diego Jesus Mario")
        case (.chinese, _): words("Wei Min Jian Hao Lei Tao Lan Xia Jing Ying Mei Hong Jun Bin Yan Ling Meiling")
        case (.southAsian, true): words("Priya Anita Sunita Pooja Neha Kavita Lakshmi Divya Meera Asha")
        case (.southAsian, false): words("Raj Amit Sanjay Vijay Anil Ravi Rahul Arjun Suresh Imran")
        case (.arabic, true): words("Fatima Aisha Layla Mariam Noor Zainab Huda Samira")
        case (.arabic, false): words("Mohammed Ahmed Ali Omar Hassan Khalid Samir Youssef Ibrahim Hussein")
        case (.vietnamese, _): words("Anh Linh Mai Nga Phuong Thanh Thuy Trang Hoang Tuan Son Dat Tung Minh Huong")
        case (.korean, _): words("Min-Jun Jae-Won Sung-Min Young-Mi Seo-Jun Ji-Hoon Sang-Hoon Eun-Ji Hye-Jin Mi-Kyung")
        }
    }

    /// What somebody with a foreign name is called at work.
    static let anglicised = words("Jason Peter Kevin Cindy Helen Jenny Grace Tony Amy David Daniel Susan")

    /// Short forms by name.
    static let short: [String: [String]] = [
        "William": ["Bill", "Liam"], "Robert": ["Bob"], "Michael": ["Mike"], "James": ["Jim"], "Thomas": ["Tom", "Tommy"],
        "Richard": ["Rick"], "Charles": ["Chuck"], "Joseph": ["Joe"], "Elizabeth": ["Liz", "Beth"],
        "Jennifer": ["Jen"], "Margaret": ["Peggy", "Maggie"], "Katherine": ["Kate", "Kathy"], "Jose": ["Pepe"],
        "Francisco": ["Frank", "Paco"], "Daniel": ["Dan"], "Matthew": ["Matt"], "Edward": ["Ed", "Ted"],
        "Stephanie": ["Steph"], "Barbara": ["Barb"], "Christopher": ["Chris"], "Samuel": ["Sam"],
        "Benjamin": ["Ben"], "Jacob": ["Jake"], "Nicholas": ["Nick"], "Patricia": ["Pat", "Trish"],
        "Deborah": ["Debbie"], "Rebecca": ["Becky"], "Manuel": ["Manny"], "Susan": ["Sue"], "Steven": ["Steve"],
    ]

    static let streets = words(
        """
        Oak Maple Cedar Pine Elm Walnut Chestnut Hickory Willow Juniper Main Church Mill Park Bridge River Lake Hill \
        Spring Valley Forest Garden Orchard Prospect Highland Franklin Washington Jefferson Lincoln Madison Grant \
        Monroe Jackson Adams Roosevelt Cleveland Harrison Kennedy Lexington Lancaster Bristol Oxford Cambridge Dover \
        Quarry Canyon Meadow Harbor Station Market College School Court Silver Amber Copper
        """)
    static let kinds = ["St", "Ave", "Rd", "Dr", "Ln", "Ct", "Way", "Pl"]
    static let longKinds = ["Street", "Avenue", "Road", "Drive", "Lane", "Court", "Way", "Place"]
    static let onsets = words("B Br C Cl D Dr F Fl G Gr H J K Kl L M N P Pr R S Sch Sh Sp St T Tr V W Z")
    static let vowels = words("a e i o u ai ea ie oo ou")
    static let codas = words("b ck d ff g ll m n nd ng nn r rd rt s ss t tt tz x")
    static let endings = words("son man berg stein field ford ley er ing ton sky elli ano ette wick well worth quist")
}
